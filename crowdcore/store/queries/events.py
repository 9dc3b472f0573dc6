"""The event table: one row per operation, ids only. Audit log, feed of listeners, provenance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row

Move = tuple[str, int, str | None, str]
"""(kind, id, status before or None for new, status after)."""


@dataclass(frozen=True)
class Event:
    """One committed operation. `data` holds ids by name and `moves`."""

    id: int
    run_id: int | None
    at: float
    kind: str
    actor: str
    data: dict[str, Any]


def append(conn: Conn, run_id: int | None, at: float, kind: str, actor: str, moves: list[Move], **ids: Any) -> int:
    """Add the event of this transaction; returns its id. `actor` is worker, operator, service or a plugin."""
    data = json.dumps({**ids, "moves": moves}, separators=(",", ":"))
    event_id: int = conn.value(
        "INSERT INTO event (run_id, at, kind, actor, data) VALUES (:run, :at, :kind, :actor, :data) RETURNING id",
        run=run_id, at=at, kind=kind, actor=actor, data=data,
    )  # fmt: skip
    return event_id


def after(conn: Conn, run_id: int, event_id: int, limit: int = 500) -> list[Event]:
    """The run's events with ids above `event_id`, in commit order."""
    rows = conn.all(
        "SELECT id, run_id, at, kind, actor, data FROM event WHERE run_id = :run AND id > :after"
        " ORDER BY id LIMIT :limit",
        run=run_id, after=event_id, limit=limit,
    )  # fmt: skip
    return [_event(r) for r in rows]


def after_all(conn: Conn, event_id: int, limit: int = 500) -> list[Event]:
    """The events of all runs, and of none, with ids above `event_id`, in commit order."""
    sql = "SELECT id, run_id, at, kind, actor, data FROM event WHERE id > :after ORDER BY id LIMIT :limit"
    return [_event(r) for r in conn.all(sql, after=event_id, limit=limit)]


def _event(row: Row) -> Event:
    return Event(row["id"], row["run_id"], row["at"], row["kind"], row["actor"], json.loads(row["data"]))


def last_id(conn: Conn, run_id: int) -> int:
    """The id of the run's newest event, 0 if it has none."""
    return conn.value("SELECT MAX(id) FROM event WHERE run_id = :run", run=run_id) or 0


def cursor(conn: Conn, run_id: int, consumer: str) -> int:
    """How far `consumer` has come in the run's events; 0 at first."""
    return (
        conn.value("SELECT event_id FROM cursor WHERE run_id = :run AND consumer = :who", run=run_id, who=consumer) or 0
    )


def set_cursor(conn: Conn, run_id: int, consumer: str, event_id: int) -> None:
    """Remember that `consumer` has handled every event up to `event_id`."""
    conn.execute(
        "INSERT INTO cursor (run_id, consumer, event_id) VALUES (:run, :who, :event)"
        " ON CONFLICT (run_id, consumer) DO UPDATE SET event_id = excluded.event_id",
        run=run_id, who=consumer, event=event_id,
    )  # fmt: skip
