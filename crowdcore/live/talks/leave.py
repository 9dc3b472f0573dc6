"""The end of a conversation, and somebody's leaving before it: who is paid, who takes the seat, what is done again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crowdcore.live import bot_seats, seat_names
from crowdcore.live.rooms.seats import FINISH_SECONDS, Changes
from crowdcore.live.rooms.start import start_ready
from crowdcore.store.queries import agents, budgets, conversations, events, reviews, seats, units
from crowdcore.store.queries.conversations import Seat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crowdcore.live.rooms.eligibility import Eligibility
    from crowdcore.live.talks.endings import Ending
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.work.context import RunContext

LOST = "partner_left"
"""Why a unit expires whose agent went away in the middle."""


@dataclass
class Over:
    """What the end of a conversation did: `gone` was ended with it, `changes` are others that could begin."""

    gone: AgentRow | None = None
    changes: Changes = field(default_factory=Changes)
    requeued: bool = False


def conclude(
    conn: Conn, context: RunContext, eligible: Eligibility, conversation_id: int, ending: Ending, policy: str
) -> Over | None:  # fmt: skip
    """One transaction: the conversation ends, its people may submit, its bots are done; None if it had ended.

    Who did not act in time ends with it. `policy` requeue: the assignment is to be done again if somebody left.
    Another conversation that was kept waiting by `pairing.max_conversations` begins.
    """
    now, run_id = context.clock.now(), context.run_id
    row = conversations.get(conn, conversation_id)
    before = conversations.end(conn, conversation_id, ending.reason, now)
    if before is None:
        return None
    over = Over()
    moves: list[events.Move] = [("conversation", conversation_id, before, "ended")]
    if ending.reason == "left" and ending.why == "timed_out" and ending.seat is not None:
        over.gone = _timed_out(conn, context, conversation_id, ending.seat)
    people = conversations.finish_by(conn, conversation_id, context.service.now() + FINISH_SECONDS)
    for agent_id, visit_id in seats.complete_bots(conn, conversation_id, now):
        moves.append(("agent", agent_id, "in_task", "completed"))
        moves += reviews.end_visit(conn, visit_id, "submitted", now)
    more: dict[str, Any] = {"assignment": row.assignment_id} if row.assignment_id is not None else {}
    events.append(
        conn, run_id, now, "conversation_ended", "service", moves,
        conversation=conversation_id, reason=ending.reason, why=ending.why, seat=ending.seat, agents=people, **more,
    )  # fmt: skip
    if policy == "requeue" and row.assignment_id is not None:
        over.requeued = _requeue(conn, context, row.assignment_id, conversation_id)
    over.changes = start_ready(conn, context, eligible)
    return over


def _timed_out(conn: Conn, context: RunContext, conversation_id: int, seat: int) -> AgentRow | None:
    """The person in this seat did not act in time: their agent ends, their unit is nobody's any more."""
    for row in agents.of_conversation(conn, conversation_id):
        here = row.unit is not None and seat_names.number(context.config, row.unit.seat) == seat
        if here and row.kind != "bot" and row.status == "in_task":
            end_in_conversation(conn, context, row, "timed_out", actor="service")
            return row
    return None


def end_in_conversation(conn: Conn, context: RunContext, row: AgentRow, reason: str, *, actor: str) -> None:
    """An agent of a conversation ends without submission."""
    now = context.clock.now()
    before = agents.end(conn, row.id, reason, now)
    if before is None:
        return
    moves: list[events.Move] = [("agent", row.id, before, "ended")]
    if row.unit is not None:
        units.release(conn, row.unit.id, expire=True, reason=LOST)
        moves.append(("unit", row.unit.id, "assigned", "expired"))
    moves += reviews.end_visit(conn, row.visit.id, "timed_out", now)
    events.append(
        conn, row.run_id, now, "agent_ended", actor, moves, agent=row.id, worker=row.worker.id, visit=row.visit.id,
        unit=None if row.unit is None else row.unit.id, conversation=row.conversation_id, reason=reason,
    )  # fmt: skip


def _requeue(conn: Conn, context: RunContext, assignment_id: int, conversation_id: int) -> bool:
    """New units for an assignment that was not done to its end, if the budget has room for them."""
    each, now = context.config.blueprint.units_per_assignment, context.clock.now()
    budget, cost = context.config.task.budget, context.pay_micros * each
    facts = {"assignment": assignment_id, "conversation": conversation_id}
    if budget is not None and cost > budgets.micros_left(conn, context.run_id, budget):
        events.append(conn, context.run_id, now, "units_not_requeued", "service", [], reason="budget", **facts)
        return False
    made = seats.add_units(conn, context.run_id, assignment_id, each, context.pay_micros)
    moves: list[events.Move] = [("unit", unit_id, None, "launched") for unit_id in made]
    events.append(conn, context.run_id, now, "units_requeued", "service", moves, units=made, **facts)
    return True


def seat_bot(
    conn: Conn, context: RunContext, gone: AgentRow, at: int, about: Mapping[str, str | None]
) -> int | None:  # fmt: skip
    """A bot takes the seat of somebody who left a conversation that goes on; its agent, None if that is over."""
    assert gone.unit is not None
    assert gone.conversation_id is not None
    conversation_id = gone.conversation_id
    if conversations.get(conn, conversation_id).status != "live":
        return None
    seat = Seat(gone.unit.id, gone.unit.seat)
    agent_id, moves = bot_seats.take(conn, context, conversation_id, seat, at, about)
    events.append(
        conn, context.run_id, context.clock.now(), "stand_in_seated", "service", moves,
        conversation=conversation_id, agent=agent_id, instead_of=gone.id, bot=about["name"],
    )  # fmt: skip
    return agent_id
