"""A worker gets a unit: gates, candidates, and one transaction that takes it.

(a) Gates that need no unit. (b) Candidates; if a plugin judges eligibility it is asked here, outside
any transaction. (c) One transaction counts the caps again and takes the first candidate that is still
free. If all were lost to others, (b) again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore import authored, documents, gates, matching
from crowdcore.errors import RequestError
from crowdcore.store import agents, events, units, workers
from crowdcore.store.units import Free
from crowdcore.types import Identity, Refusal

if TYPE_CHECKING:
    from crowdcore.context import RunContext
    from crowdcore.store import Conn
    from crowdcore.store.agents import AgentRow
    from crowdcore.types import Worker

RETRY_AFTER = 20
"""Seconds after which a page asks again for work."""
ROUNDS = 20


@dataclass(frozen=True)
class Claim:
    """Who wants work, and on which visit (an open visit's id when its session goes on)."""

    who: Identity
    simulated: bool = False
    visit_id: int | None = None


@dataclass(frozen=True)
class _Taken:
    agent: AgentRow
    unit: Free | None


async def claim(context: RunContext, wish: Claim) -> AgentRow:
    """The worker's new agent (or the one another request of the same visit has just got).

    Raises RequestError: run_over, blocked, too_many_open, too_many_units, no_available_units, not_qualified.
    """
    worker = await _admit(context, wish)
    judged = context.hooks.has("worker_can_do_unit")
    refusal: Refusal | None = None
    for _round in range(ROUNDS):
        approved: list[Free] | None = None
        if judged:
            approved, refusal = await _ask(context, worker)
        taken = None
        if approved is None or approved:
            taken = await context.db.awrite(lambda c, a=approved: _take(c, context, wish, worker, a))  # type: ignore[misc]
        if taken is not None:
            if taken.unit is not None and not judged:
                context.positions.set(worker.id, (taken.unit.seat, taken.unit.id))
            return await _started(context, taken.agent)
        if approved:
            continue  # lost to others meanwhile
        context.positions.forget(worker.id)
        if refusal is not None or not await context.more_units():
            break
    raise await _nothing(context, worker, refusal)


async def _admit(context: RunContext, wish: Claim) -> Worker:
    """Gates that need no unit; makes the worker's row when they pass for the first time."""
    if not context.accepting:
        raise run_over()
    name = wish.who.worker_name
    assert name is not None
    known = await context.db.aread(lambda c: workers.find(c, context.provider, name))
    if known is None:
        now = context.clock.now()
        worker = await context.db.awrite(
            lambda c: workers.ensure(c, context.provider, name, simulated=wish.simulated, now=now)
        )
    else:
        worker, blocked = known
        gates.blocked(blocked)
    await gates.added(context, worker)
    return worker


async def _ask(context: RunContext, worker: Worker) -> tuple[list[Free], Refusal | None]:
    """The next unit that every plugin lets this worker do; what was refused is passed for good."""
    position = context.positions.get(worker.id)

    def next_page(conn: Conn) -> list[Free]:
        found = matching.candidates(conn, context.run_id, worker.id, position)
        return [free for free, _ in zip(found, range(matching.MAX_ASKED), strict=False)]

    page = await context.db.aread(next_page)
    refusal: Refusal | None = None
    for free in page:
        unit = await context.db.aread(lambda c, f=free: units.get(c, f.id))  # type: ignore[misc]
        answer = await context.hooks.worker_can_do_unit(worker, unit)
        if answer is None:
            return [free], None
        refusal = answer
        context.positions.set(worker.id, (free.seat, free.id))
    return [], refusal


def _take(
    conn: Conn, context: RunContext, wish: Claim, worker: Worker, approved: Iterable[Free] | None
) -> _Taken | None:
    """One transaction: caps, a unit, the visit, the agent, the event."""
    workers.lock(conn, worker.id)
    visit_id, already = _visit(conn, context, wish, worker)
    if already is not None:
        return _Taken(already, None)
    gates.caps(conn, context.config, context.run_id, context.task_id, worker.id)
    free = _first_free(conn, context, worker, approved)
    if free is None:
        return None
    now, moves = context.clock.now(), [("unit", free.id, "launched", "assigned")]
    if visit_id is None:
        external = wish.who.visit_id or f"auto-{secrets.token_hex(8)}"
        visit_id = workers.open_visit(conn, context.run_id, worker.id, external, dict(wish.who.params), now)
        moves.append(("visit", visit_id, None, "open"))  # type: ignore[arg-type]
    agent_id = agents.create(
        conn, run_id=context.run_id, visit_id=visit_id, worker_id=worker.id, unit_id=free.id, kind="unit",
        deadline=context.service.now() + context.config.task.assignment_duration, now=now,
    )  # fmt: skip
    moves.append(("agent", agent_id, None, "in_task"))  # type: ignore[arg-type]
    events.append(
        conn, context.run_id, now, "unit_assigned", "worker", moves,  # type: ignore[arg-type]
        agent=agent_id, unit=free.id, worker=worker.id, visit=visit_id,
    )  # fmt: skip
    row = agents.get(conn, agent_id)
    assert row is not None
    return _Taken(row, free)


def _visit(conn: Conn, context: RunContext, wish: Claim, worker: Worker) -> tuple[int | None, AgentRow | None]:
    """The visit to work in (None: a new one) and its open agent, if a request at the same time made one."""
    if wish.visit_id is not None:
        return wish.visit_id, agents.open_of_visit(conn, wish.visit_id)
    if wish.who.visit_id is None:
        return None, agents.open_of_worker(conn, context.run_id, worker.id)
    visit = workers.find_visit(conn, context.run_id, worker.id, wish.who.visit_id)
    if visit is None:
        return None, None
    if visit.status != "open":
        return visit.visit.id, agents.last_of_visit(conn, visit.visit.id)
    return visit.visit.id, agents.open_of_visit(conn, visit.visit.id)


def _first_free(conn: Conn, context: RunContext, worker: Worker, approved: Iterable[Free] | None) -> Free | None:
    if approved is None:
        after = context.positions.get(worker.id)
        approved = matching.candidates(conn, context.run_id, worker.id, after)
        return next((f for f in approved if units.take(conn, f.id, worker.id)), None)
    for free in approved:
        if not matching.had(conn, free.assignment_id, worker.id) and units.take(conn, free.id, worker.id):
            return free
    return None


async def _started(context: RunContext, row: AgentRow) -> AgentRow:
    """Keep the first state if making it again could give another."""
    if row.state is not None or row.status != "in_task" or not documents.keeps_init(context):
        return row
    state = authored.saved(context.hooks, (await documents.view(context, row)).state)
    await context.db.awrite(lambda c: agents.set_state(c, row.id, state))
    fresh = await context.db.aread(lambda c: agents.get(c, row.id))
    assert fresh is not None
    return fresh


async def _nothing(context: RunContext, worker: Worker, refusal: Refusal | None) -> RequestError:
    if refusal is not None:
        return RequestError(403, "not_qualified", refusal.text)
    left = await context.db.aread(lambda c: matching.something_left(c, context.run_id, worker.id))
    if left or await context.more_units():
        return RequestError(409, "no_available_units", "All work is taken at the moment. Some of it may come back: "
                            "this page looks again by itself.", retry_after=RETRY_AFTER)  # fmt: skip
    done = await context.db.aread(lambda c: agents.task_count(c, context.task_id, worker.id))
    return gates.share_done() if done else run_over()


def run_over() -> RequestError:
    """No new work is handed out any more."""
    return RequestError(409, "run_over", "This task is over: no more work is handed out. Thank you for coming.")
