"""The items of a run's task data, as they are stored in its assignments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crowdcore.store.queries import events

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn


def page(conn: Conn, run_id: int, after: int, limit: int) -> list[tuple[int, str, bool]]:
    """(ordinal, item as JSON, whether somebody works on it or has done it), in order, from above `after`."""
    rows = conn.all(
        "SELECT a.ordinal, a.item, EXISTS (SELECT 1 FROM unit u WHERE u.assignment_id = a.id"
        " AND u.worker_id IS NOT NULL) AS begun FROM assignment a"
        " WHERE a.run_id = :run AND a.kind = 'real' AND a.ordinal > :after ORDER BY a.ordinal LIMIT :limit",
        run=run_id, after=after, limit=limit,
    )  # fmt: skip
    return [(r["ordinal"], r["item"], bool(r["begun"])) for r in rows]


def change(conn: Conn, run_id: int, items: Mapping[int, str], *, more: bool, now: float) -> None:
    """Other items (ordinal → JSON) for assignments that nobody has begun; with `more` the data has not ended."""
    conn.many(
        "UPDATE assignment SET item = :item WHERE run_id = :run AND kind = 'real' AND ordinal = :ordinal"
        " AND NOT EXISTS (SELECT 1 FROM unit u WHERE u.assignment_id = assignment.id AND u.worker_id IS NOT NULL)",
        [{"run": run_id, "ordinal": ordinal, "item": item} for ordinal, item in items.items()],
    )  # fmt: skip
    if more:
        conn.execute("UPDATE run SET exhausted = :no WHERE id = :run", run=run_id, no=False)
    events.append(conn, run_id, now, "data_reloaded", "operator", [], count=len(items), more=more)
