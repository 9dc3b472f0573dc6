"""Calls of server procedures: what was asked, what was answered, and how long it took."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row

_COLUMNS = "request_id, procedure, args, result, error, started_at, seconds"


def record(
    conn: Conn, agent_id: int, request_id: str, procedure: str, *, args: str, result: str | None, error: str | None,
    started_at: float, seconds: float,
) -> bool:  # fmt: skip
    """Keep one answered call (`args`, `result`, `error` are JSON texts); False if the request was answered before."""
    return bool(
        conn.execute(
            "INSERT INTO call (agent_id, request_id, procedure, args, result, error, started_at, seconds)"
            " VALUES (:agent, :request, :procedure, :args, :result, :error, :at, :seconds)"
            " ON CONFLICT (agent_id, request_id) DO NOTHING",
            agent=agent_id, request=request_id, procedure=procedure, args=args, result=result, error=error,
            at=started_at, seconds=seconds,
        )
    )  # fmt: skip


def find(conn: Conn, agent_id: int, request_id: str) -> dict[str, Any] | None:
    """The answered call with this id: {"procedure", "result" (JSON text or None), "error" (as in `of_agent`)}."""
    row = conn.one(
        "SELECT procedure, result, error FROM call WHERE agent_id = :agent AND request_id = :request",
        agent=agent_id, request=request_id,
    )  # fmt: skip
    if row is None:
        return None
    error = None if row["error"] is None else json.loads(row["error"])
    return {"procedure": row["procedure"], "result": row["result"], "error": error}


def of_agent(conn: Conn, agent_id: int) -> list[dict[str, Any]]:
    """The agent's calls, oldest first.

    {"request_id", "procedure", "args", "result", "error" (null, or {"code", "detail"}), "at" (seconds since the
    epoch), "seconds" (how long it took)}.
    """
    rows = conn.all(f"SELECT {_COLUMNS} FROM call WHERE agent_id = :agent ORDER BY id", agent=agent_id)
    return [_call(row) for row in rows]


def _call(row: Row) -> dict[str, Any]:
    return {
        "request_id": row["request_id"], "procedure": row["procedure"], "args": json.loads(row["args"]),
        "result": None if row["result"] is None else json.loads(row["result"]),
        "error": None if row["error"] is None else json.loads(row["error"]),
        "at": row["started_at"], "seconds": row["seconds"],
    }  # fmt: skip
