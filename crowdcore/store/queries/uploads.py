"""Uploaded files, as the database names them; their bytes are `crowdcore.store.FileStore`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn


def add(
    conn: Conn, *, key: str, agent_id: int, field: str, name: str, media_type: str, size: int, sha256: str,
    now: float,
) -> bool:  # fmt: skip
    """Record an upload of an open agent, after its bytes are safe; False if the agent is not open."""
    return bool(
        conn.execute(
            "INSERT INTO file (key, agent_id, field, name, media_type, size, sha256, created_at)"
            " SELECT :key, id, :field, :name, :type, :size, :sha, :now FROM agent"
            " WHERE id = :agent AND status IN ('waiting', 'in_task')",
            key=key, field=field, name=name, type=media_type, size=size, sha=sha256, now=now, agent=agent_id,
        )
    )  # fmt: skip


def record(
    conn: Conn, *, key: str, agent_id: int, field: str, name: str, media_type: str, size: int, sha256: str,
    now: float,
) -> None:  # fmt: skip
    """Record an upload that came with a submission, in the submission's own transaction."""
    conn.execute(
        "INSERT INTO file (key, agent_id, field, name, media_type, size, sha256, created_at)"
        " VALUES (:key, :agent, :field, :name, :type, :size, :sha, :now)",
        key=key, agent=agent_id, field=field, name=name, type=media_type, size=size, sha=sha256, now=now,
    )  # fmt: skip


def of_agent(conn: Conn, agent_id: int) -> list[dict[str, Any]]:
    """The agent's uploads, oldest first: {"file", "field", "name", "type", "size", "sha256"}."""
    rows = conn.all(
        "SELECT key, field, name, media_type, size, sha256 FROM file WHERE agent_id = :agent ORDER BY id",
        agent=agent_id,
    )  # fmt: skip
    return [
        {"file": r["key"], "field": r["field"], "name": r["name"], "type": r["media_type"],
         "size": r["size"], "sha256": r["sha256"]}
        for r in rows
    ]  # fmt: skip


def count(conn: Conn, agent_id: int) -> tuple[int, int]:
    """How many uploads the agent has made, and how many bytes they have."""
    sql = "SELECT COUNT(*) AS n, COALESCE(SUM(size), 0) AS bytes FROM file WHERE agent_id = :agent"
    row = conn.one(sql, agent=agent_id)
    assert row is not None
    return int(row["n"]), int(row["bytes"])


def is_named(conn: Conn, sha256: str) -> bool:
    """Whether any upload has this content. Reads all of them: for what is seldom asked."""
    return conn.one("SELECT 1 FROM file WHERE sha256 = :sha LIMIT 1", sha=sha256) is not None
