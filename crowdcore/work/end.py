"""The end of a piece of work without a submission: given back, timed out, left, expired."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crowdcore.state import canonical
from crowdcore.store.queries import agents, events, removals, reviews, units, workers
from crowdcore.types import Completion

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.work.context import RunContext


class _Seated(Exception):
    """The agent waits in a seat."""


async def end_agent(
    context: RunContext, row: AgentRow, reason: str, *, actor: str, note: str | None = None
) -> bool:  # fmt: skip
    """End an open agent without a submission: its unit is free again (and expires with the rest, if the run drains).

    `note` is what the worker reads of it. Who waits for others gives the seat up first. In a conversation, and after
    it, the unit is nobody's any more.
    """
    now = context.clock.now()

    def txn(conn: Conn) -> AgentRow | None:
        fresh = agents.get(conn, row.id)
        assert fresh is not None
        if fresh.status == "waiting" and fresh.conversation_id is not None:
            raise _Seated
        expire = fresh.conversation_id is not None
        return fresh if _end(conn, fresh, reason, actor, now, expire=expire, note=note) else None

    while True:
        try:
            ended = await context.db.awrite(txn)
            break
        except _Seated:
            if context.live is None:
                return False
            await context.live.unseat(row.id)
    if ended is None:
        return False
    if ended.unit is not None and ended.unit.assignment.kind == "real" and ended.conversation_id is None:
        context.positions.freed(ended.unit.seat, ended.unit.id)
    if context.live is not None:
        await context.live.ended(ended, reason, note)
    return True


async def end_blocked(context: RunContext) -> None:
    """Who was blocked meanwhile works no longer: they are told, and their partners are released as for who leaves."""
    for agent_id in await context.db.aread(lambda c: agents.open_of_blocked(c, context.run_id)):
        row = await context.db.aread(lambda c, a=agent_id: agents.get(c, a))  # type: ignore[misc]
        if row is not None:
            await end_agent(context, row, "blocked", actor="operator")


async def end_removed(context: RunContext) -> None:
    """Who the operator wants removed works no longer: they read why, and their partners are released."""
    for agent_id, note in await context.db.aread(lambda c: removals.wanted(c, context.run_id)):
        row = await context.db.aread(lambda c, a=agent_id: agents.get(c, a))  # type: ignore[misc]
        if row is not None:
            await end_agent(context, row, "removed", actor="operator", note=note)
        await context.db.awrite(lambda c, a=agent_id: removals.done(c, context.run_id, a))  # type: ignore[misc]


async def visit_returned(context: RunContext, external_id: str) -> str:
    """The platform says that a visit was given back: ended (its work ends now), before (it had), over, unknown."""
    row = await context.db.aread(lambda c: agents.open_of_external(c, context.run_id, external_id))
    if row is not None and await end_agent(context, row, "returned", actor="provider"):
        return "ended"

    def close(conn: Conn) -> str:
        """Between two units nobody works; what was submitted before stays submitted."""
        found = workers.visits_named(conn, context.run_id, external_id)
        if not found:
            return "unknown"
        visit, now = found[-1], context.clock.now()
        if visit.status == "open" and agents.open_of_visit(conn, visit.visit.id) is None:
            status = "submitted" if agents.has_worked(conn, visit.visit.id) else "returned"
            completion = canonical(Completion().document()) if status == "submitted" else None
            moves = reviews.end_visit(conn, visit.visit.id, status, now, completion)
            events.append(
                conn, context.run_id, now, "visit_returned", "provider", moves,
                worker=visit.worker_id, visit=visit.visit.id,
            )  # fmt: skip
            return "ended"
        return "over" if visit.status in ("submitted", "approved", "rejected") else "before"

    return await context.db.awrite(close)


VISIT_AFTER = {"returned": "returned", "timed_out": "timed_out", "expired": "timed_out", "left": "timed_out",
               "blocked": "screened_out", "removed": "screened_out", "replaced": "timed_out"}  # fmt: skip


def _end(
    conn: Conn, row: AgentRow, reason: str, actor: str, now: float, *, expire: bool, note: str | None = None
) -> bool:  # fmt: skip
    before = agents.end(conn, row.id, reason, now)
    if before is None:
        return False
    moves: list[events.Move] = [("agent", row.id, before, "ended")]
    special = row.unit is not None and row.unit.assignment.kind != "real"  # made for this worker alone
    if row.unit is not None and row.kind != "bot":
        lost = reason if row.conversation_id is None else "partner_left"
        after = units.release(conn, row.unit.id, expire=expire or special, reason=lost)
        moves.append(("unit", row.unit.id, "assigned", after))
    visit_after, completion = VISIT_AFTER[reason], None
    if note is not None:  # read again on a reload
        completion = canonical(Completion("thanks", fields={"outcome": reason, "message": note}).document())
    if row.kind == "after_task":  # the work itself is done
        assert row.answer is not None
        visit_after, completion = "submitted", canonical(json.loads(row.answer)["completion"])
    moves += reviews.end_visit(conn, row.visit.id, visit_after, now, completion)
    unit_id = None if row.unit is None else row.unit.id
    events.append(
        conn, row.run_id, now, "agent_ended", actor, moves,
        agent=row.id, worker=row.worker.id, visit=row.visit.id, unit=unit_id, reason=reason,
        **({"special": row.kind} if special else {}),
    )  # fmt: skip
    return True


def expire_agent(conn: Conn, row: AgentRow, now: float) -> None:
    """Inside a transaction of a command: the agent's run is over and nobody serves it."""
    _end(conn, row, "expired", "operator", now, expire=True)
