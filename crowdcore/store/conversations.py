"""Conversations: who sits together on which assignment, from waiting to the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.store.sql import Conn, Row


@dataclass(frozen=True)
class ConversationRow:
    """One attempt at doing an assignment together; see `models.Conversation`. `deadline` is in service seconds."""

    id: int
    run_id: int
    assignment_id: int | None
    base: int
    status: str
    version: int
    seed: int
    deadline: float | None
    data: str | None
    reason: str | None
    created_at: float
    started_at: float | None
    ended_at: float | None


def get(conn: Conn, conversation_id: int) -> ConversationRow:
    """The conversation (it exists)."""
    row = conn.one("SELECT * FROM conversation WHERE id = :id", id=conversation_id)
    assert row is not None
    return _row(row)


def had(conn: Conn, assignment_id: int, worker_id: int) -> bool:
    """Whether the worker holds, has done or has ever begun a seat of this assignment with others."""
    sql = (
        "SELECT 1 FROM unit WHERE assignment_id = :assignment AND worker_id = :worker UNION ALL"
        " SELECT 1 FROM agent g JOIN conversation c ON c.id = g.conversation_id"
        " WHERE g.worker_id = :worker AND c.assignment_id = :assignment AND c.started_at IS NOT NULL"
    )
    return conn.one(sql, assignment=assignment_id, worker=worker_id) is not None


def _row(row: Row) -> ConversationRow:
    names = ConversationRow.__dataclass_fields__
    values = {name: row[name] for name in names}
    return ConversationRow(**{**values, "seed": int(row["seed"], 16)})
