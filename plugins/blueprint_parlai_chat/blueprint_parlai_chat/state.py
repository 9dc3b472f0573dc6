"""The data of one agent: what it saw and said, and its answers at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from blueprint_parlai_chat import pane
from crowdcore import AgentState

Person = dict[str, Any]
ONBOARDING = "$onboarding"
"""The member of an item that says that it is shown in an onboarding."""


@dataclass(frozen=True)
class Shown:
    """What every page of a run shows; `final_form` is a short form's document, or None."""

    title: str
    description: str = ""
    final_form: dict[str, Any] | None = None
    max_message_length: int = 0
    use_turns: bool = True
    columns: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass
class ChatState(AgentState):
    """`init` is the row, `data` the answers of the final form, `messages` what this agent's page was sent, in order."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    you: str = ""
    people: list[Person] = field(default_factory=list)
    world: Any = None
    bots: list[str] = field(default_factory=list)

    shown: ClassVar[Shown] = Shown("")

    @classmethod
    def of(cls, shown: Shown) -> type[Self]:
        """The class of one run."""
        return type(cls.__name__, (cls,), {"shown": shown, "__module__": cls.__module__, "__doc__": cls.__doc__})

    @classmethod
    def check_item(cls, item: Any) -> None:
        """ValueError if the row is no object."""
        if not isinstance(item, dict):
            raise ValueError(f"a row must be an object {{column: value}}, not {type(item).__name__}")

    def get_init_state(self) -> dict[str, Any]:
        """What the page gets: see PAGE.md."""
        shown, row = self.shown, dict(self.init) if isinstance(self.init, dict) else {}
        onboarding = row.pop(ONBOARDING, False)
        row = {name: row[name] for name in dict.fromkeys([*shown.columns, *row]) if name in row}
        seen = pane.columns(row, shown.hidden, shown.roles, {self.you, *self._numbers()} - {""})
        return {
            "title": shown.title, "description": shown.description, "context": pane.entries(seen), "task_data": seen,
            "final_form": None if onboarding else shown.final_form, "max_message_length": shown.max_message_length,
            "use_turns": shown.use_turns,
        }  # fmt: skip

    def _numbers(self) -> list[str]:
        return [str(person["seat"] + 1) for person in self.people if person["name"] == self.you]

    def update_data(self, packet: Any) -> None:
        """Take a frame: messages and forms are kept."""
        kind = packet.get("type") if isinstance(packet, dict) else None
        if kind not in ("message", "form"):
            return
        data = packet.get("data") if kind == "message" else {"text": packet.get("text"), "form": packet["questions"]}
        fields = data if isinstance(data, dict) else {"text": data}
        self.messages.append({
            "id": packet.get("id"), "sender": packet.get("sender"), "at": packet.get("at"), **_said(fields),
        })  # fmt: skip

    def set_conversation(self, conversation: dict[str, Any]) -> None:
        """Take who talks, and what the world kept."""
        self.you, self.people = conversation["you"], conversation["people"]
        kept = conversation.get("data")
        if isinstance(kept, dict):
            self.world, self.bots = (kept.get("world") or {}).get(self.you), kept.get("bots") or []

    def get_parsed_data(self) -> dict[str, Any]:
        """{"you", "messages": [{"sender", "text", "at", "id", "person", "bot", …}], "final", "world"}.

        `person` says whether a person said it, `bot` which stand-in did (null, or what it said of itself); both are
        null of what the world said. `final` are the answers of the final form, `world` what prep_save_data gave.
        """
        people = {person["name"]: person for person in self.people}
        messages = [{**message, **self._by(message, people)} for message in self.messages]
        return {"you": self.you, "messages": messages, "final": self.data, "world": self.world}

    def _by(self, message: dict[str, Any], people: dict[str, Person]) -> dict[str, Any]:
        person = people.get(message["sender"])
        if person is None:
            return {"person": None, "bot": None}
        is_bot = message["id"] in self.bots or not (self.bots or person["person"])
        return {"person": not is_bot, "bot": person["bot"] if is_bot else None}

    def onboarded(self) -> dict[str, Any]:
        """What `validate_onboarding` of a world file gets."""
        messages = [
            {
                "id": message.get("agent_display_name") or message["sender"], "message_id": message["id"],
                "text": message["text"], "task_data": message.get("task_data", {}), "timestamp": message["at"],
            }
            for message in self.messages
        ]  # fmt: skip
        outputs = {"messages": messages, "final_submission": self.data, "save_data": self.world}
        row = {name: value for name, value in (self.init or {}).items() if name != ONBOARDING}
        return {"inputs": row, "outputs": outputs, **outputs}


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    text = fields.get("text")
    taken = {name: value for name, value in fields.items() if name not in ("text", "id", "sender", "at")}
    return {"text": text if isinstance(text, str) else "", **taken}
