"""The agents that a world sees: people, or their stand-ins, who act and observe like ParlAI's agents."""

from __future__ import annotations

import threading
import time
import uuid
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from blueprint_parlai_chat import acts, forms
from blueprint_parlai_chat.pane import KINDS
from blueprint_parlai_chat.worlds import (
    AbsentAgentError,
    AgentDisconnectedError,
    AgentReturnedError,
    AgentShutdownError,
    AgentTimeoutError,
)
from crowdcore.live import Ended, Left
from crowdcore.state import canonical

if TYPE_CHECKING:
    from crowdcore import Agent
    from crowdcore.live import Blocking

SYSTEM = "System"
"""Who says what a world says in nobody's name."""
_SHORTEST, _LONGEST = 0.02, 0.25
"""Seconds that `act()` rests when there was nothing: a world that asks again and again must not take all the time."""
_PATIENCE = 100
"""Calls that a world may make after the end; then it is stopped whatever it catches."""


class WorldOver(BaseException):
    """Stops a world that goes on after the end."""


class Talk:
    """One conversation as its agents share it: names, turns, forms, and which messages are whose.

    What it does follows from the calls and answers alone, so that it does the same again after a crash.
    """

    def __init__(self, game: Blocking, *, use_turns: bool, most: int) -> None:
        self.game = game
        self.use_turns = use_turns
        self.most = most
        self.lock = threading.RLock()
        self.calls = 0
        """How often the world acted or observed."""
        self.agents = [ChatAgent(self, seat, agent) for seat, agent in zip(game.seats, game.agents, strict=True)]
        self.of = {agent.seat: agent for agent in self.agents}
        self.by_bots: list[str] = []
        """Ids of messages that stand-ins said."""
        self._ids = Random(f"ids of {game.seed}")  # noqa: S311  (names, not secrets)
        self._heard: dict[str, int] = {}
        self._turn: int | None = None  # of the latest turn frame
        self._spoken = False
        self._empty = 0
        self._late = 0
        self._told: dict[str, str] = {}

    # --- what comes in ----------------------------------------------------------------------------------

    def receive(self, agent: ChatAgent, timeout: float | None) -> Any:
        """The agent's next act; None, or AgentTimeoutError, if there is none."""
        self.calls += 1
        self.tell_names()
        self.show_turn(None if timeout is None else agent.seat)
        try:
            message = self.game.receive(timeout=0 if timeout is None else max(0.0, timeout), seat=agent.seat)
        except TimeoutError:
            if timeout is None:
                return self._rest()
            raise self._ends(AgentTimeoutError(timeout, agent.agent_id), Left(agent.seat, "timed_out")) from None
        except (Left, Ended) as end:
            raise self.absent(end, agent) from end
        self._empty = 0
        return self._taken(agent, message)

    def _rest(self) -> None:
        self._empty += 1
        if not self.game.replaying:
            time.sleep(min(_LONGEST, _SHORTEST * self._empty / len(self.agents)))

    def _taken(self, agent: ChatAgent, message: Any) -> Any:
        self._spoken = self._spoken or self._turn == agent.seat
        id, is_bot = message.id, message.agent.kind == "bot"
        if is_bot:  # the id of a stand-in's message would give it away
            id = self.new_id()
            self.by_bots.append(id)
            if message.agent.id != agent.began_as:  # a person had the seat before: it is kept who said what
                self.game.save({"bots": self.by_bots})
        fields = self._fields(agent, message.data)
        act = acts.made({"id": agent.agent_id, "message_id": id, **fields})
        self._heard[id] = agent.seat
        agent.last = (id, fields["text"])
        if not is_bot:
            self.echo(agent, id, acts.to_page(fields))
        return act

    def _fields(self, agent: ChatAgent, data: Any) -> dict[str, Any]:
        asked = agent.forms.pop(data["form"], None) if isinstance(data, dict) and _is_text(data.get("form")) else None
        if asked is None:
            return acts.from_page(data, self.most)
        return {**forms.answered(asked, data.get("answers")), "episode_done": False}

    def echo(self, agent: ChatAgent, id: str, fields: dict[str, Any]) -> None:
        """Show the sender's page what it said: the world has taken it, and a reload still has it."""
        told = fields if agent.agent_id == agent.name else {**fields, "agent_display_name": agent.agent_id}
        agent.shown[id] = canonical(told)
        self.game.send(agent.seat, told, sender=agent.name, id=id)

    # --- what goes out ----------------------------------------------------------------------------------

    def deliver(self, agent: ChatAgent, act: Any) -> None:
        """What an agent observes goes to its page: text, a form, something for the context pane."""
        self.calls += 1
        fields = acts.to_page(act)
        task_data = fields.get("task_data", {})
        asked, context = task_data.pop(acts.FORM, None), task_data.pop(acts.CONTEXT, None)
        if not task_data:
            fields.pop("task_data", None)
        is_empty = acts.is_empty(fields)
        sender, label, id = self._who(act, fields)
        if label != sender:
            fields["agent_display_name"] = label
        try:
            self.tell_names()
            if context is not None:
                self.game.context(agent.seat, {"context": _pane(context), "names": self._told})
            if asked is not None:
                self._ask(agent, asked, label, fields)
            elif not is_empty:
                self._send(agent, fields, sender, id)
        except (Left, Ended) as end:
            raise self.absent(end, agent) from end

    def _ask(self, agent: ChatAgent, asked: Any, label: str, fields: dict[str, Any]) -> None:
        questions, id = forms.questions(asked), self.new_id()
        agent.forms[id] = questions
        form = {"id": id, "sender": label, "text": fields.get("text", ""), "questions": questions, "submit": "Send"}
        self.game.form(agent.seat, form)

    def _send(self, agent: ChatAgent, fields: dict[str, Any], sender: str, id: str | None) -> None:
        if id is not None and agent.shown.get(id) == canonical(fields):
            return  # its own words, which its page has already
        if id is not None:
            agent.shown[id] = canonical(fields)
        self.game.send(agent.seat, fields, sender=sender, id=id or self.new_id())

    def _who(self, act: dict[str, Any], fields: dict[str, Any]) -> tuple[str, str, str | None]:
        """(sender as people are called, what the world calls it, the message's id if it is passed on)."""
        given, said_as = act.get("message_id"), act.get("id")
        label = said_as if isinstance(said_as, str) and said_as else None
        id = given if isinstance(given, str) and 0 < len(given) <= 64 else None
        author = self._heard.get(id) if id is not None else None
        if author is None:
            author = next((a.seat for a in self.agents if label in (a.agent_id, a.name)), None)
            last = None if author is None else self.of[author].last
            if last is not None and id is None and last[1] == fields.get("text"):
                id = last[0]
        if author is None:
            return (label or SYSTEM)[:64], (label or SYSTEM)[:64], id
        return self.game.name(author), (label or self.of[author].agent_id)[:64], id

    # --- turns and names --------------------------------------------------------------------------------

    def show_turn(self, seat: int | None) -> None:
        """Tell everybody whose turn it is, if that is news; None: everybody may write."""
        if not self.use_turns or (seat == self._turn and not (seat is not None and self._spoken)):
            return
        self._turn, self._spoken = seat, False
        self.game.turn(seat)

    def tell_names(self) -> None:
        """Tell pages what the world calls people, if that is news."""
        names = {agent.name: agent.agent_id for agent in self.agents if agent.agent_id != agent.name}
        if names != self._told:
            self._told = names
            self.game.context(None, {"names": names})

    def new_id(self) -> str:
        """An id like those of pages; the same ones again after a crash."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    # --- ends -------------------------------------------------------------------------------------------

    def absent(self, end: Exception, agent: ChatAgent) -> AbsentAgentError:
        """The error that a world expects for what the runtime raised."""
        self._late += 1
        if self._late > _PATIENCE:
            raise WorldOver from end
        if not isinstance(end, Left):
            return self._ends(AgentShutdownError(agent.agent_id), end)
        name = self.of[end.seat].agent_id if end.seat in self.of else agent.agent_id
        if end.reason == "timed_out":
            return self._ends(AgentTimeoutError(None, name), end)
        return self._ends((AgentReturnedError if end.reason == "returned" else AgentDisconnectedError)(name), end)

    def _ends(self, error: AbsentAgentError, end: Exception) -> AbsentAgentError:
        error.ends = end  # type: ignore[attr-defined]  # what the conversation ends with if the world lets it pass
        return error


class ChatAgent:
    """One seat. `agent_id` (and `id`) is what the world calls it: its name, unless the world sets another."""

    def __init__(self, talk: Talk, seat: int, agent: Agent) -> None:
        self._talk = talk
        self.seat = seat
        self.began_as = agent.id
        self.name: str = talk.game.name(seat)
        """Its role, or Person 1, Person 2, …"""
        self.agent_id: str = self.name
        self.worker_id = agent.worker.name
        self.mephisto_agent = _facts(agent)
        self.observation: Any = None
        self.forms: dict[str, list[dict[str, Any]]] = {}
        self.shown: dict[str, str] = {}
        self.last: tuple[str, str] | None = None

    @property
    def id(self) -> str:
        """The same as `agent_id`."""
        return self.agent_id

    @id.setter  # noqa: A003  (ParlAI's name)
    def id(self, value: str) -> None:
        self.agent_id = value

    def getID(self) -> str:  # noqa: N802  (ParlAI's name)
        """The same as `agent_id`."""
        return self.agent_id

    def act(self, timeout: float | None = None) -> Any:
        """What this one says next: a dict with `id`, `text`, `episode_done`, `task_data`, `message_id`.

        Without `timeout`, what is there now, or None. With one (seconds) it is this seat's turn, and AgentTimeoutError
        comes when nothing does. AbsentAgentError (a subclass says why) once somebody is gone for good.
        """
        with self._talk.lock:
            return self._talk.receive(self, timeout)

    def observe(self, act: Any) -> Any:
        """Show this one an act: a dict with `text`, or a form or context in its `task_data`. Returns it."""
        with self._talk.lock:
            self.observation = act
            self._talk.deliver(self, act)
        return act

    def shutdown(self, *_: Any, **__: Any) -> None:
        """Nothing to free: the service ends what it began."""

    def reset(self) -> None:
        """Forget the last observation."""
        self.observation = None

    def __repr__(self) -> str:
        return f"<ChatAgent {self.agent_id!r}>"


def _facts(agent: Agent) -> Any:
    """What worlds ask of `mephisto_agent`: ids, and who the worker is."""
    worker = SimpleNamespace(
        db_id=str(agent.worker.id), worker_name=agent.worker.name, provider_type=agent.worker.provider
    )
    assignment = agent.unit.assignment.id if agent.unit is not None else None
    return SimpleNamespace(
        db_id=str(agent.id), agent_id=str(agent.id), assignment_id=None if assignment is None else str(assignment),
        get_agent_id=lambda: str(agent.id), get_worker=lambda: worker,
    )  # fmt: skip


def _pane(context: Any) -> list[dict[str, str]]:
    """What a world shows beside the conversation: text, {"html": …}, or a list of {"name", "kind", "value"}."""
    if isinstance(context, str):
        return [{"name": "", "kind": "text", "value": context}]
    if isinstance(context, dict) and isinstance(context.get("html"), str):
        return [{"name": "", "kind": "html", "value": context["html"]}]
    entries = context if isinstance(context, list) else [context]
    for entry in entries:
        named = isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("name", "kind", "value"))
        if not named or entry["kind"] not in KINDS:
            raise acts.NoAct('context is text, {"html": …} or a list of {"name", "kind": text, html or image, "value"}')
    return entries


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
