"""From an agent's row to what hooks see (Agent) and what the worker's page gets (Document)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.plugins import results
from crowdcore.plugins.state_code import StateCode
from crowdcore.state import AgentState, json_text
from crowdcore.store.queries import agents, calls, qualifications
from crowdcore.types import Agent, Completion
from crowdcore.work import transcripts
from crowdcore.work.feedback import asked_for

if TYPE_CHECKING:
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.types import Unit
    from crowdcore.work.context import RunContext

T = TypeVar("T")

ITEM = "blueprint_assignment_data"
FEEDBACK = "That was not right yet."
"""What a worker reads between two attempts at onboarding, unless the task says it better."""
NULL = "null"
PHASES = {"onboarding": "onboarding", "after_task": "finish"}
"""The phases of kinds of work; `work` for the others. In live work, `waiting` comes before and `finish` after."""


@dataclass(frozen=True)
class Document:
    """What a page works from. `deadline` is in seconds since the epoch; `init` and `draft` are JSON texts.

    `agent` is None in the preview. `completion` is set when `phase` is done. `provider` and `frontend`
    are what the plugins let pages know (`provider_page`, `blueprint_frontend`). `form` is a short form
    that our client shows by itself, in place of the task's page; `notice` is a line to read first; `tips`
    are other workers' tips; `asks` says what workers may write: feedback, tips. `waiting` is what somebody is
    told who waits for others.
    """

    agent: int | None
    phase: str
    status: str
    live: bool = False
    init: str = NULL
    draft: str = NULL
    deadline: float | None = None
    completion: Completion | None = None
    provider: Mapping[str, Any] = field(default_factory=dict)
    frontend: Mapping[str, Any] = field(default_factory=dict)
    form: Any = None
    notice: str | None = None
    tips: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    waiting: Mapping[str, Any] | None = None


async def view(context: RunContext, row: AgentRow) -> Agent:
    """The agent as hooks see it, its state built from what is stored."""
    building = await Building.of(context, row)
    return agent_of(context, row, await building.run(building.state))


def agent_of(context: RunContext, row: AgentRow, state: AgentState) -> Agent:
    """The agent as hooks see it, with its state as it is now."""
    return Agent(row.id, _kind(row), row.status, row.worker, row.visit, _with_role(context, row), state, row.passed)


class Building:
    """How the state of an agent is built; make it with `of`, and call its methods within `run`."""

    def __init__(self, context: RunContext, row: AgentRow, item: Any) -> None:
        assert row.state is not None or row.status != "completed" or row.kind == "bot", "of a row without its state"
        self.cls = AgentState if row.kind == "after_task" else context.state_class
        self.code = StateCode(context.hooks, self.cls, row.id)
        self._context, self._row, self._item = context, row, item
        self._calls = self.cls.set_calls is not AgentState.set_calls
        talked = row.conversation_id is not None and row.status != "completed"
        self._talk = talked and transcripts.wanted(self.cls)

    @classmethod
    async def of(cls, context: RunContext, row: AgentRow) -> Building:
        """Asks for the item, if a first state is to be made of it."""
        item = None
        if row.state is not None:
            pass
        elif row.kind == "onboarding":
            item = context.gates.onboarding and context.gates.onboarding.item
        elif row.unit is not None:
            item = row.unit.assignment.item
            if context.hooks.has(ITEM):
                asked = context.hooks.blueprint_assignment_data(row.unit.assignment)
                item = results.json_value(context.hooks, ITEM, await results.answer(context.hooks, ITEM, asked))
        return cls(context, row, item)

    async def run(self, job: Callable[[], T], size: int = 0) -> T:
        """What `job` answers, where author's code holds up nobody. `size`: characters of JSON besides the state."""
        return await self.code.run(job, size + len(self._row.state or ""), reads=self._calls or self._talk)

    def state(self) -> AgentState:
        """The state, built from what is stored."""
        cls, row, method = self.cls, self._row, self.code.method
        if row.state is not None:
            with method("load_data"):
                state = cls.load_data(row.state)
        else:
            with method("__init__"):
                state = cls()
            if row.unit is not None or (row.kind == "onboarding" and self._context.gates.onboarding is not None):
                with method("set_init_state"):
                    state.set_init_state(self._item)
        if self._calls:
            answered = self._context.db.read(lambda c: calls.of_agent(c, row.id))
            with method("set_calls"):
                state.set_calls(answered)
        if self._talk:
            self._tell(state)
        return state

    def _tell(self, state: AgentState) -> None:
        """Let a state know its conversation so far; one that was submitted knows it."""
        roles, cls, row = self._context.config.pairing.roles, self.cls, self._row
        frames, conversation = self._context.db.read(lambda c: transcripts.known(c, roles, row, cls))
        with self.code.method("update_data"):
            for frame in frames:
                state.update_data(frame)
        if conversation is not None:
            with self.code.method("set_conversation"):
                state.set_conversation(conversation)

    def first(self) -> str:
        """The state as it is kept before anything is submitted."""
        return self.code.saved(self.state())

    def init(self) -> str:
        """What the page gets as `work.init` (JSON text)."""
        state = self.state()
        with self.code.method("get_init_state"):
            return json_text(state.get_init_state())


def _with_role(context: RunContext, row: AgentRow) -> Unit | None:
    if row.unit is None or not context.config.pairing.roles:
        return row.unit
    seat = row.unit.seat % context.config.blueprint.units_per_assignment
    return replace(row.unit, role=context.config.pairing.role(seat))


def _kind(row: AgentRow) -> Any:
    return row.kind


def keeps_init(context: RunContext) -> bool:
    """Whether the first state must be stored: it may differ the next time it is made."""
    overridden = context.state_class.set_init_state is not AgentState.set_init_state
    return overridden or context.hooks.has(ITEM)


async def document(context: RunContext, row: AgentRow) -> Document:
    """The page's document for an agent in any status; in an open visit, that of the piece that followed."""
    if row.status == "completed" and row.visit_status == "open":
        following = await context.db.aread(lambda c: agents.open_of_visit(c, row.visit.id))
        if following is not None:  # another tab went on
            return await document(context, following)
    if row.status in ("completed", "ended"):
        return done(context, row)
    if row.status == "waiting":
        told = {} if context.live is None else await context.live.waiting(row)
        return replace(_shown(context, row), waiting=told, asks=asked_for(context))
    shown = replace(_shown(context, row), asks=asked_for(context))
    if row.kind == "after_task":
        return replace(shown, form=context.gates.after_task and context.gates.after_task.document)
    building = await Building.of(context, row)
    init = await building.run(building.init)
    notice = await _notice(context, row) if row.kind == "onboarding" else None
    tips = await context.tips.texts(context.db, context.task_id) if "tip" in shown.asks else []
    return replace(shown, init=init, notice=notice, tips=tips)


def _shown(context: RunContext, row: AgentRow) -> Document:
    return Document(
        agent=row.id, phase=phase(row), status=row.status, live=is_live(row),
        draft=NULL if row.draft is None else row.draft,
        deadline=None if row.deadline is None else context.service.wall(row.deadline),
        provider=context.provider_page, frontend=context.frontend,
    )  # fmt: skip


def is_live(row: AgentRow) -> bool:
    """Whether this is work with others: only such agents wait, or sit in a conversation."""
    return row.status == "waiting" or row.conversation_id is not None


def phase(row: AgentRow) -> str:
    """The phase of an open agent: waiting, onboarding, work, finish."""
    if row.status == "waiting":
        return "waiting"
    return "finish" if row.conversation_status == "ended" else PHASES.get(row.kind, "work")


async def _notice(context: RunContext, row: AgentRow) -> str | None:
    """What a worker reads who has failed before and may try again."""
    options = context.config.gates.onboarding
    if options is None or options.attempts == 1:
        return None
    grants = await context.db.aread(lambda c: qualifications.of_worker(c, row.worker.id))
    failed = grants.get(f"{options.qualification}.failed", 0)
    if not failed:
        return None
    left = max(1, options.attempts - failed)
    return f"{options.feedback or FEEDBACK} You have {left} more {'try' if left == 1 else 'tries'}."


def done(context: RunContext, row: AgentRow) -> Document:
    """The document of work that is over: the visit's completion, or how it ended."""
    answered = None if row.answer is None else json.loads(row.answer).get("completion")
    if row.completion is not None:
        completion = completion_of(row.completion)
    elif answered is not None:
        completion = completion_of(json.dumps(answered))
    else:
        outcome = row.end_reason or row.visit_status
        completion = Completion("thanks", fields={"outcome": outcome})
    return Document(
        agent=row.id, phase="done", status=row.end_reason or row.status, completion=completion,
        provider=context.provider_page, frontend=context.frontend, asks=asked_for(context),
    )  # fmt: skip


def completion_of(text: str) -> Completion:
    """The Completion stored as JSON text."""
    value = json.loads(text)
    return Completion(value["kind"], value["url"], value["fields"])


def submitted(agent: Agent, state: AgentState) -> Agent:
    """The agent as it will be once its submission is stored."""
    return replace(agent, status="completed", state=state)


def feedback(context: RunContext) -> str:
    """What a worker reads who failed an attempt at onboarding."""
    options = context.config.gates.onboarding
    return (options.feedback if options is not None else "") or FEEDBACK
