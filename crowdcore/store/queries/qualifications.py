"""Qualifications and grants: named whole numbers that workers have, across runs, tasks and providers.

A gate keeps its record beside its own qualification, under the name and a suffix: `NAME.failed` (failed
attempts at onboarding), `NAME.correct` and `NAME.incorrect` (golds). They can be asked for like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.store.queries import workers
from crowdcore.types import Worker

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn

RECORDS = ("failed", "correct", "incorrect")


@dataclass(frozen=True)
class GrantRow:
    """One worker's value of one qualification; `granted_at` in seconds since the epoch."""

    name: str
    value: int
    granted_at: float


def of_worker(conn: Conn, worker_id: int) -> dict[str, int]:
    """The worker's grants: {name: value}."""
    rows = conn.all(
        "SELECT q.name, g.value FROM granted g JOIN qualification q ON q.id = g.qualification_id"
        " WHERE g.worker_id = :worker",
        worker=worker_id,
    )
    return {r["name"]: r["value"] for r in rows}


def listed(conn: Conn, worker_id: int) -> list[GrantRow]:
    """The worker's grants with their times, by name."""
    rows = conn.all(
        "SELECT q.name, g.value, g.granted_at FROM granted g JOIN qualification q ON q.id = g.qualification_id"
        " WHERE g.worker_id = :worker ORDER BY q.name",
        worker=worker_id,
    )
    return [GrantRow(r["name"], r["value"], r["granted_at"]) for r in rows]


def holders(conn: Conn, name: str) -> list[tuple[Worker, int]]:
    """Who has been granted `name`, and with which value, oldest worker first."""
    rows = conn.all(
        "SELECT w.id, w.name, w.provider, w.simulated, g.value FROM granted g"
        " JOIN qualification q ON q.id = g.qualification_id JOIN worker w ON w.id = g.worker_id"
        " WHERE q.name = :name ORDER BY w.id",
        name=name,
    )
    return [(workers.of_row(r), r["value"]) for r in rows]


def names(conn: Conn) -> list[str]:
    """Every qualification that a task brought or somebody was granted, by name."""
    return [row["name"] for row in conn.all("SELECT name FROM qualification ORDER BY name")]


def define(conn: Conn, name: str, now: float) -> None:
    """Make `name` known, if it is not, before anybody has it."""
    conn.execute(
        "INSERT INTO qualification (name, description, created_at) VALUES (:name, '', :now)"
        " ON CONFLICT (name) DO NOTHING",
        name=name, now=now,
    )  # fmt: skip


def grant(conn: Conn, worker_id: int, name: str, value: int, now: float) -> None:
    """Give the worker `name` with `value`, over what was there."""
    define(conn, name, now)
    conn.execute(
        "INSERT INTO granted (qualification_id, worker_id, value, granted_at)"
        " SELECT id, :worker, :value, :now FROM qualification WHERE name = :name"
        " ON CONFLICT (qualification_id, worker_id)"
        " DO UPDATE SET value = excluded.value, granted_at = excluded.granted_at",
        name=name, worker=worker_id, value=value, now=now,
    )  # fmt: skip


def add(conn: Conn, worker_id: int, name: str, now: float) -> int:
    """Count one more under `name` (a missing grant counts as 0); the new value."""
    before = conn.value(
        "SELECT g.value FROM granted g JOIN qualification q ON q.id = g.qualification_id"
        " WHERE q.name = :name AND g.worker_id = :worker",
        name=name, worker=worker_id,
    )  # fmt: skip
    value = int(before or 0) + 1
    grant(conn, worker_id, name, value, now)
    return value


def revoke(conn: Conn, worker_id: int, name: str) -> bool:
    """Take `name` away from the worker; whether they had it."""
    return bool(
        conn.execute(
            "DELETE FROM granted WHERE worker_id = :worker"
            " AND qualification_id = (SELECT id FROM qualification WHERE name = :name)",
            worker=worker_id, name=name,
        )
    )  # fmt: skip


def reset(conn: Conn, worker_id: int, name: str) -> list[str]:
    """Take `name` and the records kept under it away from the worker; the names they had."""
    return [n for n in (name, *(f"{name}.{word}" for word in RECORDS)) if revoke(conn, worker_id, n)]
