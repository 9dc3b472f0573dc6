"""Units and agents of seats beside those of people who wait: done without, added anew, taken by bots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore.status import check_move

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn
    from crowdcore.store.queries.conversations import Seat


def expire_seats(conn: Conn, seats: list[Seat], reason: str) -> None:
    """launched -> expired for units of a conversation that does without somebody there."""
    check_move("unit", "launched", "expired")
    conn.many(
        "UPDATE unit SET status = 'expired', reason = :reason WHERE id = :id AND status = 'launched'",
        [{"id": seat.unit_id, "reason": reason} for seat in seats],
    )


def add_units(conn: Conn, run_id: int, assignment_id: int, seats: int, pay_micros: int) -> list[int]:
    """One more group of launched units for an assignment that is to be done again; their ids."""
    last = conn.value("SELECT MAX(seat) FROM unit WHERE assignment_id = :id", id=assignment_id)
    base = (last // seats + 1) * seats
    return [
        conn.value(
            "INSERT INTO unit (run_id, assignment_id, seat, status, pay_micros)"
            " VALUES (:run, :assignment, :seat, 'launched', :pay) RETURNING id",
            run=run_id, assignment=assignment_id, seat=seat, pay=pay_micros,
        )
        for seat in range(base, base + seats)
    ]  # fmt: skip


def seat_bot(conn: Conn, agent_id: int, conversation_id: int, name: str, about: str) -> None:
    """A bot's new agent sits in a conversation as `name`; `about` is JSON of what it says of itself."""
    conn.execute(
        "UPDATE agent SET conversation_id = :conversation, name = :name, bot = :about WHERE id = :id",
        conversation=conversation_id, name=name, about=about, id=agent_id,
    )  # fmt: skip


def complete_bots(conn: Conn, conversation_id: int, now: float) -> list[tuple[int, int]]:
    """in_task -> completed for the bots of a conversation; (agent, visit) of each."""
    check_move("agent", "in_task", "completed")
    rows = conn.all(
        "UPDATE agent SET status = 'completed', ended_at = :now WHERE conversation_id = :id AND kind = 'bot'"
        " AND status = 'in_task' RETURNING id, visit_id",
        now=now, id=conversation_id,
    )  # fmt: skip
    return sorted((r["id"], r["visit_id"]) for r in rows)
