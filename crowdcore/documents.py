"""From an agent's row to what hooks see (Agent) and what the worker's page gets (Document)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crowdcore import authored
from crowdcore.state import AgentState, canonical
from crowdcore.store import calls
from crowdcore.types import Agent, Completion

if TYPE_CHECKING:
    from crowdcore.context import RunContext
    from crowdcore.store.agents import AgentRow

ITEM = "blueprint_assignment_data"
PHASES = {"onboarding": "onboarding", "after_task": "finish"}


@dataclass(frozen=True)
class Document:
    """What a page works from. `deadline` is in seconds since the epoch; `init` and `draft` are JSON.

    `agent` is None in the preview. `completion` is set when `phase` is done. `provider` and `frontend`
    are what the plugins let pages know (`provider_page`, `blueprint_frontend`).
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


async def view(context: RunContext, row: AgentRow) -> Agent:
    """The agent as hooks see it, its state built from what is stored."""
    hooks, cls = context.hooks, context.state_class
    if row.state is not None:
        with authored.state_code(hooks, cls, "load_data"):
            state = cls.load_data(row.state)
    else:
        state = cls()
        if row.unit is not None:
            item = row.unit.assignment.item
            if hooks.has(ITEM):
                asked = hooks.blueprint_assignment_data(row.unit.assignment)
                item = authored.json_value(hooks, ITEM, await authored.answer(hooks, ITEM, asked))
            with authored.state_code(hooks, cls, "set_init_state"):
                state.set_init_state(item)
    if cls.set_calls is not AgentState.set_calls:
        with authored.state_code(hooks, cls, "set_calls"):
            state.set_calls(await context.db.aread(lambda c: calls.of_agent(c, row.id)))
    return Agent(row.id, _kind(row), row.status, row.worker, row.visit, row.unit, state)


def _kind(row: AgentRow) -> Any:
    return row.kind


def keeps_init(context: RunContext) -> bool:
    """Whether the first state must be stored: it may differ the next time it is made."""
    overridden = context.state_class.set_init_state is not AgentState.set_init_state
    return overridden or context.hooks.has(ITEM)


async def document(context: RunContext, row: AgentRow) -> Document:
    """The page's document for an agent in any status."""
    if row.status in ("completed", "ended"):
        return done(context, row)
    agent = await view(context, row)
    with authored.state_code(context.hooks, context.state_class, "get_init_state"):
        init = agent.state.get_init_state()
        if context.state_class.get_init_state is not AgentState.get_init_state:
            canonical(init)  # the page gets JSON
    return Document(
        agent=row.id, phase=PHASES.get(row.kind, "work"), status=row.status, init=init,
        draft=None if row.draft is None else json.loads(row.draft),
        deadline=None if row.deadline is None else context.service.wall(row.deadline),
        provider=context.provider_page, frontend=context.frontend,
    )  # fmt: skip


def done(context: RunContext, row: AgentRow) -> Document:
    """The document of work that is over: the visit's completion, or how it ended."""
    if row.completion is not None:
        completion = completion_of(row.completion)
    else:
        outcome = row.end_reason or row.visit_status
        completion = Completion("thanks", fields={"outcome": outcome})
    return Document(
        agent=row.id, phase="done", status=row.end_reason or row.status, completion=completion,
        provider=context.provider_page, frontend=context.frontend,
    )  # fmt: skip


def completion_of(text: str) -> Completion:
    """The Completion stored as JSON text."""
    value = json.loads(text)
    return Completion(value["kind"], value["url"], value["fields"])


def submitted(agent: Agent, state: AgentState) -> Agent:
    """The agent as it will be once its submission is stored."""
    return replace(agent, status="completed", state=state)
