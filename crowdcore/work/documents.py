"""From an agent's row to what hooks see (Agent) and what the worker's page gets (Document)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crowdcore.plugins import results
from crowdcore.state import AgentState, canonical
from crowdcore.store.queries import agents, calls, qualifications
from crowdcore.types import Agent, Completion
from crowdcore.work import transcripts
from crowdcore.work.feedback import asked_for

if TYPE_CHECKING:
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.types import Unit
    from crowdcore.work.context import RunContext

ITEM = "blueprint_assignment_data"
FEEDBACK = "That was not right yet."
"""What a worker reads between two attempts at onboarding, unless the task says it better."""
PHASES = {"onboarding": "onboarding", "after_task": "finish"}
"""The phases of kinds of work; `work` for the others. In live work, `waiting` comes before and `finish` after."""


@dataclass(frozen=True)
class Document:
    """What a page works from. `deadline` is in seconds since the epoch; `init` and `draft` are JSON.

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
    init: Any = None
    draft: Any = None
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
    hooks, cls = context.hooks, AgentState if row.kind == "after_task" else context.state_class
    if row.state is not None:
        with results.state_code(hooks, cls, "load_data"):
            state = cls.load_data(row.state)
    else:
        state = cls()
        if row.kind == "onboarding" and context.gates.onboarding is not None:
            with results.state_code(hooks, cls, "set_init_state"):
                state.set_init_state(context.gates.onboarding.item)
        elif row.unit is not None:
            item = row.unit.assignment.item
            if hooks.has(ITEM):
                asked = hooks.blueprint_assignment_data(row.unit.assignment)
                item = results.json_value(hooks, ITEM, await results.answer(hooks, ITEM, asked))
            with results.state_code(hooks, cls, "set_init_state"):
                state.set_init_state(item)
    if cls.set_calls is not AgentState.set_calls:
        with results.state_code(hooks, cls, "set_calls"):
            state.set_calls(await context.db.aread(lambda c: calls.of_agent(c, row.id)))
    if row.conversation_id is not None and row.status != "completed" and transcripts.wanted(cls):
        await _tell_state(context, row, state)
    return Agent(row.id, _kind(row), row.status, row.worker, row.visit, _with_role(context, row), state, row.passed)


async def _tell_state(context: RunContext, row: AgentRow, state: AgentState) -> None:
    """Let a state know its conversation so far; one that was submitted knows it."""
    roles, cls = context.config.pairing.roles, type(state)
    frames, conversation = await context.db.aread(lambda c: transcripts.known(c, roles, row, cls))
    with results.state_code(context.hooks, cls, "update_data"):
        for frame in frames:
            state.update_data(frame)
    if conversation is not None:
        with results.state_code(context.hooks, cls, "set_conversation"):
            state.set_conversation(conversation)


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
    agent = await view(context, row)
    with results.state_code(context.hooks, context.state_class, "get_init_state"):
        init = agent.state.get_init_state()
        if context.state_class.get_init_state is not AgentState.get_init_state:
            canonical(init)  # the page gets JSON
    notice = await _notice(context, row) if row.kind == "onboarding" else None
    tips = await context.tips.texts(context.db, context.task_id) if "tip" in shown.asks else []
    return replace(shown, init=init, notice=notice, tips=tips)


def _shown(context: RunContext, row: AgentRow) -> Document:
    return Document(
        agent=row.id, phase=phase(row), status=row.status, live=is_live(row),
        draft=None if row.draft is None else json.loads(row.draft),
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
