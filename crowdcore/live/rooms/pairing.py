"""Partners did not come in time: what the task says is done, once, and only if nobody came or went meanwhile."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from crowdcore.base.quantities import whole_money
from crowdcore.errors import CrowdError
from crowdcore.live.rooms import start
from crowdcore.live.rooms.seats import Changes, Seating
from crowdcore.plugins.defaults import pairing_by_config
from crowdcore.state import canonical
from crowdcore.store.queries import agents, budgets, conversations, events, outbox, reviews, seats, units
from crowdcore.types import Completion, LaunchReduced, PairingDecision, Release, Requeue, StandIn, Wait
from crowdcore.work import documents, visits

if TYPE_CHECKING:
    from crowdcore.live.rooms.eligibility import Eligibility
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.conversations import Room
    from crowdcore.work.context import RunContext

log = logging.getLogger("crowdcore.live")

SHORTEST_WAIT = 1.0
"""Seconds that a decision to wait lasts at least."""
NAMES = {LaunchReduced: "launch_reduced", StandIn: "stand_in", Release: "release", Requeue: "requeue", Wait: "wait"}
BY_CONFIG = "pairing.on_timeout"
NOTICE = "Nobody else came in time. Thank you for waiting!"
NOTICE_PAID = "Nobody else came in time. Thank you for waiting: you are paid for it."


@dataclass(frozen=True)
class Decision:
    """What is to be done, who said so (a plugin, or pairing.on_timeout), and what it needs from outside.

    `bot` is the place of a stand-in; `completions` ends the visits of people who are released, by agent, and `instead`
    those of whom the budget has no room for the pay.
    """

    what: PairingDecision
    by: str
    reason: str
    bot: int | None = None
    completions: Mapping[int, Completion] = field(default_factory=dict)
    instead: Mapping[int, Completion] = field(default_factory=dict)


@dataclass
class Applied:
    """`outcome`: done, or dropped: somebody came or went meanwhile. `unpaid`: agents for whom there was no money."""

    outcome: str
    changes: list[Changes] = field(default_factory=list)
    gone: list[AgentRow] = field(default_factory=list)
    unpaid: set[int] = field(default_factory=set)


async def decide(context: RunContext, room: Room, *, over: bool) -> Decision:
    """Ask the hook; where it fails, or answers what cannot be, the configuration decides. `over`: their time is up."""
    came = f"{len(room.members)} of {context.config.blueprint.units_per_assignment} came"
    if over:
        decision = Decision(Release(context.config.pairing.waiting_pay), "service", f"{came}; nobody waits longer")
    else:
        what, by = await _asked(context, room)
        decision = Decision(what, by, f"{came} in time")
        if context.draining and isinstance(what, Wait | Requeue):
            pay = Release(context.config.pairing.waiting_pay)
            decision = Decision(pay, "service", f"{came} in time; nobody else is let in")
    if isinstance(decision.what, StandIn):
        decision = _with_bot(context, decision)
    if isinstance(decision.what, Release):
        is_due = decision.what.pay > 0
        decision = replace(decision, completions=await _completions(context, room, paid=is_due))
        if is_due and context.config.task.budget is not None:
            decision = replace(decision, instead=await _completions(context, room, paid=False))
    return decision


async def _asked(context: RunContext, room: Room) -> tuple[PairingDecision, str]:
    by = context.hooks.implementers("pairing_timeout")[0]
    if by == "core":
        return pairing_by_config(context.config.pairing), BY_CONFIG
    try:
        rows = await context.db.aread(lambda c: [agents.get(c, m.agent_id) for m in room.members])
        waiting = [await documents.view(context, row) for row in rows if row is not None]
        assignment = next(a.unit.assignment for a in waiting if a.unit is not None)
        answer = await context.hooks.pairing_timeout(assignment, waiting)
        return _sound(answer, context.currency), by
    except (CrowdError, ValueError, StopIteration) as error:
        log.error("%s: pairing_timeout of %s did not decide, pairing.on_timeout does: %s", context.name, by, error)
        return pairing_by_config(context.config.pairing), BY_CONFIG


def _sound(answer: PairingDecision, currency: str) -> PairingDecision:
    """The answer with its numbers looked at; ValueError in one line."""
    try:
        if isinstance(answer, Wait):
            seconds = float(answer.seconds)
            if not math.isfinite(seconds):
                raise ValueError(f"Wait({answer.seconds!r}): a number of seconds")
            return Wait(max(SHORTEST_WAIT, seconds))
        if isinstance(answer, Release):
            pay = Decimal(str(answer.pay))
            if not pay.is_finite() or pay < 0:
                raise ValueError(f"Release(pay={answer.pay!r}): an amount of 0 or more")
            whole_money(pay, currency)
            return Release(pay)
    except (TypeError, InvalidOperation):
        raise ValueError(f"{answer!r}: not a number") from None
    return answer


def _with_bot(context: RunContext, decision: Decision) -> Decision:
    """The bot that was named; if there is none of that name, those who wait are released."""
    assert isinstance(decision.what, StandIn)
    stand_ins = context.stand_ins
    try:
        if stand_ins is None:
            raise ValueError("nothing is served")
        return replace(decision, bot=stand_ins.index(decision.what.bot))
    except (CrowdError, ValueError) as error:
        log.error("%s: no stand-in %r: %s; those who wait are released", context.name, decision.what.bot, error)
        release = Release(context.config.pairing.waiting_pay)
        return Decision(release, decision.by, f"{decision.reason}; no stand-in {decision.what.bot}")


async def _completions(context: RunContext, room: Room, *, paid: bool) -> dict[int, Completion]:
    found: dict[int, Completion] = {}
    for member in room.members:
        row = await context.db.aread(lambda c, a=member.agent_id: agents.get(c, a))  # type: ignore[misc]
        if row is not None:
            found[row.id] = await parting(context, row, "released", notice(paid=paid), paid=paid)
    return found


def notice(*, paid: bool) -> str:
    """What those read who are released."""
    return NOTICE_PAID if paid else NOTICE


def is_paid(decision: Decision, done: Applied, agent_id: int) -> bool:
    """Whether somebody who was released is paid for having waited."""
    return isinstance(decision.what, Release) and decision.what.pay > 0 and agent_id not in done.unpaid


def unpaid(decision: Decision, done: Applied, currency: str) -> str:
    """What the operator is told of those for whom there was no money."""
    assert isinstance(decision.what, Release)
    return (
        f"{len(done.unpaid)} who waited in vain are not paid {decision.what.pay} {currency} for it (agents"
        f" {', '.join(map(str, sorted(done.unpaid)))}): task.budget has no room; crowd set raises it for others"
    )


async def parting(context: RunContext, row: AgentRow, outcome: str, message: str, *, paid: bool) -> Completion:
    """How a visit ends that came to no conversation: the provider's own way if anything was earned, else our page."""
    fields: dict[str, Any] = {"outcome": outcome, "message": message}
    if paid or await context.db.aread(lambda c: agents.has_worked(c, row.visit.id)):
        try:
            own = await visits.completion_for(context, row, await documents.view(context, row))
        except CrowdError as error:
            log.error("%s: visit %s ends with our own page: %s", context.name, row.visit.external_id, error)
        else:
            return own if own.kind != "thanks" else replace(own, fields={**fields, **own.fields})
    return Completion("thanks", fields=fields)


def apply(
    conn: Conn, context: RunContext, eligible: Eligibility, room: Room, decision: Decision
) -> Applied:  # fmt: skip
    """One transaction: do what was decided, unless the seats have changed since `room` was read."""
    current = conversations.room(conn, room.id)
    facts: dict[str, Any] = {"conversation": room.id, "decision": NAMES[type(decision.what)], "by": decision.by,
             "reason": decision.reason, "waiting": len(room.members)}  # fmt: skip
    if current is None or current.version != room.version:
        events.append(conn, context.run_id, context.clock.now(), "pairing_dropped", "service", [], **facts)
        return Applied("dropped")
    seating = Seating(conn, context, eligible)
    if isinstance(decision.what, LaunchReduced | StandIn):
        start.go_without(conn, context, seating, current, _how(decision))
        return Applied("done", [seating.save("pairing_decided", "service", **facts)])
    if isinstance(decision.what, Wait):
        seating.wait(current, context.service.now() + decision.what.seconds - context.config.pairing.timeout)
        return Applied("done", [seating.save("pairing_decided", "service", **facts)])
    seating.vacate(current)
    reason = "released" if isinstance(decision.what, Release) else "requeued"
    changes = [seating.save("pairing_decided", "service", why=reason, **facts)]
    if isinstance(decision.what, Release):
        return _release(conn, context, current, decision, changes)
    changes += [_again(conn, context, eligible, current, m.agent_id) for m in current.members]
    return Applied("done", changes)


def _release(
    conn: Conn, context: RunContext, room: Room, decision: Decision, changes: list[Changes]
) -> Applied:  # fmt: skip
    assert isinstance(decision.what, Release)
    applied = Applied("done", changes)
    for member in room.members:
        row = agents.get(conn, member.agent_id)
        assert row is not None
        pay, end = decision.what.pay, decision.completions[row.id]
        if not _has_money(conn, context, room, int(pay * units.MICROS)):
            pay, end = Decimal(0), decision.instead[row.id]
            applied.unpaid.add(row.id)
        send_away(conn, context, row, end, pay, "released")
        applied.gone.append(row)
    return applied


def _has_money(conn: Conn, context: RunContext, room: Room, micros: int) -> bool:
    """Whether the budget has room for pay for waiting; if need be, the seats that nobody came for give way."""
    budget = context.config.task.budget
    if not micros or budget is None or micros <= budgets.micros_left(conn, context.run_id, budget):
        return True
    free = conversations.free_seats(conn, room.assignment_id, room.base, context.config.blueprint.units_per_assignment)
    if not free:
        return False
    why = "its money pays for waiting"
    seats.expire_seats(conn, free, why)
    events.append(
        conn, context.run_id, context.clock.now(), "units_expired", "service", [],
        units=[seat.unit_id for seat in free], count=len(free), source="launched", reason=why,
    )  # fmt: skip
    return micros <= budgets.micros_left(conn, context.run_id, budget)


def _how(decision: Decision) -> str:
    """How the empty seats are done without, as a conversation keeps it until it begins."""
    return "launch_reduced" if decision.bot is None else f"stand_in:{decision.bot}"


def send_away(
    conn: Conn, context: RunContext, row: AgentRow, completion: Completion, pay: Decimal, why: str
) -> None:  # fmt: skip
    """An agent that waits, without a seat, ends (expired); its visit counts as submitted if anything was earned."""
    now, micros = context.clock.now(), int(pay * units.MICROS)
    before = agents.end(conn, row.id, "expired", now)
    if before is None:
        return
    moves: list[events.Move] = [("agent", row.id, before, "ended")]
    status = "submitted" if micros or agents.has_worked(conn, row.visit.id) else "timed_out"
    moves += reviews.end_visit(conn, row.visit.id, status, now, canonical(completion.document()))
    if micros:
        outbox.intend(
            conn, run_id=row.run_id, kind="reward", key=f"waiting:agent:{row.id}", now=now, worker_id=row.worker.id,
            visit_id=row.visit.id, amount_micros=micros, currency=context.currency,
        )  # fmt: skip
    events.append(
        conn, row.run_id, now, "agent_ended", "service", moves,
        agent=row.id, worker=row.worker.id, visit=row.visit.id, reason="expired", why=why, waiting_micros=micros,
    )  # fmt: skip


def _again(conn: Conn, context: RunContext, eligible: Eligibility, room: Room, agent_id: int) -> Changes:
    """Back to the end of the queue, on another assignment if there is one."""
    conn.execute("UPDATE agent SET waiting_from = :now WHERE id = :id", now=context.service.now(), id=agent_id)
    person = conversations.waiting(conn, agent_id)
    assert person is not None
    seating = Seating(conn, context, eligible)
    if not seating.seat(person, avoid=[room.assignment_id]):
        seating.seat(person)
    return seating.save("live_seated", "service", agent=agent_id)
