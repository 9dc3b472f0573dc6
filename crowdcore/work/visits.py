"""What follows a stored submission: the next piece of the visit, the after-task form, or the visit's end."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crowdcore.errors import CrowdError, RequestError
from crowdcore.plugins import results
from crowdcore.state import canonical
from crowdcore.store.queries import agents, events, reviews, workers
from crowdcore.types import Completion, Identity
from crowdcore.work import documents
from crowdcore.work.claim import claim
from crowdcore.work.take import AUTO, Claim

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.types import Agent
    from crowdcore.work.context import RunContext
    from crowdcore.work.documents import Document

log = logging.getLogger("crowdcore.work")

AFTER_TASK_SECONDS = 600.0
"""How long the after-task form may stay open; then the visit counts as submitted without it."""
PASSING = (429, 503)
"""Statuses of refusals that are over in a moment: the page sends again, and this goes on."""
FOR_GOOD = ("not_qualified", "blocked", "too_many_units", "run_over")
UNJUDGED = RequestError(
    409, "not_acceptable_now", "We could not check your answers just now. The people who run this task have been "
    "told; please come back later.",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """Exactly one of `next` (a new document) and `completion` is set."""

    next: Document | None
    completion: Completion | None


async def completion_for(context: RunContext, row: AgentRow, agent: Agent) -> Completion:
    """How the provider ends this visit in the worker's browser; if it cannot say, our page, and the operator is told.

    What the worker did counts whatever the provider says: ask this after it is stored, unless `prompt`.
    """
    hooks, done = context.hooks, documents.submitted(agent, agent.state)
    try:
        found = await results.answer(hooks, "provider_complete", hooks.provider_complete(row.visit, done))
        return results.completion(hooks, found)
    except CrowdError as failure:
        log.error(
            "%s: %s; visit %s of worker %s is stored, and ended with our own page",
            context.name, failure, row.visit.external_id, row.worker.name, exc_info=failure.__cause__,
        )  # fmt: skip
        return Completion()


def prompt(context: RunContext) -> bool:
    """Whether the provider says at once how a visit ends, so that a submission can be stored with it."""
    return context.hooks.answers_in_place("provider_complete")


async def complete(context: RunContext, row: AgentRow, agent: Agent) -> Completion:
    """How a visit ends whose submission is stored and counts; kept, so that a repeat gets the same."""
    completion = await completion_for(context, row, agent)
    text = canonical(completion.document())

    def keep(conn: Conn) -> None:
        agents.set_answer(conn, row.id, f'{{"completion":{text}}}')
        workers.set_completion(conn, row.visit.id, text)

    await context.db.awrite(keep)
    return completion


async def go_on(context: RunContext, row: AgentRow, agent: Agent, passed: bool | None, feedback: str | None) -> Answer:
    """What comes after the completed agent `row`: kept as its answer, so that a repeat gets the same."""
    refusal: RequestError | None = None
    if row.kind == "onboarding" and passed is None:
        refusal = UNJUDGED
    elif row.kind == "onboarding" or await _wants_more(context, row):
        try:
            return await _next(context, row, feedback)
        except RequestError as error:
            if error.status in PASSING:
                raise
            refusal = error  # nothing more for this worker: the visit ends here, with what was done
    if await context.db.aread(lambda c: agents.has_worked(c, row.visit.id)):
        return await _finish(context, row, agent)
    assert refusal is not None
    return await _turn_away(context, row, agent, refusal)


async def _wants_more(context: RunContext, row: AgentRow) -> bool:
    done = await context.db.aread(lambda c: agents.completed_in_visit(c, row.visit.id))
    return done < context.config.gates.units_per_session


async def _next(context: RunContext, row: AgentRow, feedback: str | None) -> Answer:
    who = Identity(row.worker.name, row.visit.external_id, row.visit.params)
    following = await claim(context, Claim(who, row.worker.simulated, row.visit.id))
    return await _lead_to(context, row, following, feedback)


async def _lead_to(context: RunContext, row: AgentRow, following: AgentRow, feedback: str | None) -> Answer:
    answer = canonical({"next": following.id, "feedback": feedback})
    await context.db.awrite(lambda c: agents.set_answer(c, row.id, answer))
    return Answer(await documents.document(context, following), None)


async def _finish(context: RunContext, row: AgentRow, agent: Agent) -> Answer:
    """The after-task form, if there is one, else the end of the visit."""
    completion = await completion_for(context, row, agent)
    if context.gates.after_task is not None and row.kind != "after_task":
        form = await context.db.awrite(lambda c: _ask_form(c, context, row, completion))
        return await _lead_to(context, row, form, None)
    await _end(context, row, "submitted", completion)
    return Answer(None, completion)


def _ask_form(conn: Conn, context: RunContext, row: AgentRow, completion: Completion) -> AgentRow:
    """The visit's after-task agent; what ends the visit is kept with it, whatever becomes of the form."""
    found = agents.of_kind_in_visit(conn, row.visit.id, "after_task")
    if found is None:
        now = context.clock.now()
        seconds = min(AFTER_TASK_SECONDS, context.config.task.assignment_duration)
        agent_id = agents.create(
            conn, run_id=row.run_id, visit_id=row.visit.id, worker_id=row.worker.id, unit_id=None, kind="after_task",
            deadline=context.service.now() + seconds, now=now,
            answer=canonical({"completion": completion.document()}),
        )  # fmt: skip
        moves: list[events.Move] = [("agent", agent_id, None, "in_task")]
        events.append(
            conn, row.run_id, now, "after_task_began", "service", moves,
            agent=agent_id, worker=row.worker.id, visit=row.visit.id,
        )  # fmt: skip
        found = agents.get(conn, agent_id)
        assert found is not None
    return found


async def _turn_away(context: RunContext, row: AgentRow, agent: Agent, refusal: RequestError) -> Answer:
    """The end of a visit in which nothing was earned; a named one stays open if the worker may look again."""
    fields: dict[str, Any] = {"outcome": refusal.code, "message": refusal.detail}
    for_good = refusal.code in FOR_GOOD
    completion = Completion("thanks", fields=fields if for_good else {**fields, "again": True})
    status: str | None = None
    if refusal.code in ("not_qualified", "blocked"):
        status = "screened_out"
        own = await completion_for(context, row, agent)
        completion = completion if own.kind == "thanks" else own  # a platform may have a page for this
    elif for_good or row.visit.external_id.startswith(AUTO):
        status = "returned"
    await _end(context, row, status, completion)
    return Answer(None, completion)


async def _end(context: RunContext, row: AgentRow, status: str | None, completion: Completion) -> None:
    document, now = completion.document(), context.clock.now()

    def end(conn: Conn) -> None:
        agents.set_answer(conn, row.id, canonical({"completion": document}))
        if status is not None and (moves := reviews.end_visit(conn, row.visit.id, status, now, canonical(document))):
            events.append(
                conn, row.run_id, now, f"visit_{status}", "worker", moves, visit=row.visit.id, worker=row.worker.id
            )

    await context.db.awrite(end)
