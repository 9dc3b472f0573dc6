"""Who is to be removed from what they have open: the operator's word, until it is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn

_OURS = "plugin = 'core' AND kind = 'removals'"


def want(conn: Conn, worker_id: int, reason: str) -> int:
    """Have the worker removed from every piece of work that is open now; how many there are."""
    rows = conn.all(
        "SELECT id, run_id FROM agent WHERE worker_id = :worker AND status IN ('waiting', 'in_task')", worker=worker_id
    )
    for row in rows:
        conn.execute(
            "INSERT INTO record (run_id, plugin, kind, key, value) VALUES (:run, 'core', 'removals', :key, :value)"
            " ON CONFLICT (run_id, plugin, kind, key) DO UPDATE SET value = excluded.value",
            run=row["run_id"], key=str(row["id"]), value=json.dumps(reason),
        )  # fmt: skip
    return len(rows)


def wanted(conn: Conn, run_id: int) -> list[tuple[int, str]]:
    """Agents of the run that are to end, and why."""
    rows = conn.all(f"SELECT key, value FROM record WHERE run_id = :run AND {_OURS} ORDER BY id", run=run_id)
    return [(int(row["key"]), json.loads(row["value"])) for row in rows]


def done(conn: Conn, run_id: int, agent_id: int) -> None:
    """This agent has ended."""
    conn.execute(f"DELETE FROM record WHERE run_id = :run AND {_OURS} AND key = :key", run=run_id, key=str(agent_id))
