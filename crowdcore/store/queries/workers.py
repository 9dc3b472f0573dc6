"""Workers and their visits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.state import canonical
from crowdcore.status import check_move
from crowdcore.types import Visit, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crowdcore.store.engine.sql import Conn, Row

_PAGE = 500
"""Ids that one question names."""


@dataclass(frozen=True)
class VisitRow:
    """A visit as stored; `completion` is the JSON its end was answered with, None while open."""

    visit: Visit
    run_id: int
    worker_id: int
    status: str
    completion: str | None


def find(conn: Conn, provider: str, name: str) -> tuple[Worker, str | None] | None:
    """A worker and why they are blocked (None if they are not)."""
    row = conn.one(
        "SELECT id, name, provider, simulated, blocked FROM worker WHERE provider = :provider AND name = :name",
        provider=provider, name=name,
    )  # fmt: skip
    return None if row is None else (of_row(row), row["blocked"])


def get(conn: Conn, worker_id: int) -> Worker:
    """The worker with this id (it exists)."""
    row = conn.one("SELECT id, name, provider, simulated FROM worker WHERE id = :id", id=worker_id)
    assert row is not None
    return of_row(row)


def of_row(row: Row) -> Worker:
    """The Worker in a row with the worker's columns."""
    return Worker(row["id"], row["name"], row["provider"], bool(row["simulated"]))


def ensure(conn: Conn, provider: str, name: str, *, simulated: bool, now: float) -> Worker:
    """The worker of this name on this provider, made if new."""
    found = find(conn, provider, name)
    if found is not None:
        return found[0]
    conn.execute(
        "INSERT INTO worker (provider, name, simulated, created_at) VALUES (:provider, :name, :simulated, :now)"
        " ON CONFLICT (provider, name) DO NOTHING",
        provider=provider, name=name, simulated=simulated, now=now,
    )  # fmt: skip
    found = find(conn, provider, name)
    assert found is not None
    return found[0]


def lock(conn: Conn, worker_id: int) -> None:
    """Hold the worker's row to the end of the transaction, so that caps are counted once at a time."""
    if conn.dialect == "postgresql":  # SQLite has one writer at a time anyway
        conn.one("SELECT id FROM worker WHERE id = :id FOR UPDATE", id=worker_id)


_VISIT = "SELECT id, run_id, worker_id, external_id, params, status, completion FROM visit "


def _visit(row: Row) -> VisitRow:
    visit = Visit(row["id"], row["external_id"], json.loads(row["params"]))
    return VisitRow(visit, row["run_id"], row["worker_id"], row["status"], row["completion"])


def visit(conn: Conn, visit_id: int) -> VisitRow:
    """The visit with this id (it exists)."""
    row = conn.one(_VISIT + "WHERE id = :id", id=visit_id)
    assert row is not None
    return _visit(row)


def find_visit(conn: Conn, run_id: int, worker_id: int, external_id: str) -> VisitRow | None:
    """The worker's visit on this place of the provider, if there was one."""
    row = conn.one(
        _VISIT + "WHERE run_id = :run AND worker_id = :worker AND external_id = :external",
        run=run_id, worker=worker_id, external=external_id,
    )  # fmt: skip
    return None if row is None else _visit(row)


def open_visit(conn: Conn, run_id: int, worker_id: int, external_id: str, params: dict[str, str], now: float) -> int:
    """A new open visit; returns its id."""
    visit_id: int = conn.value(
        "INSERT INTO visit (run_id, worker_id, external_id, params, status, started_at)"
        " VALUES (:run, :worker, :external, :params, 'open', :now) RETURNING id",
        run=run_id, worker=worker_id, external=external_id, params=canonical(params), now=now,
    )  # fmt: skip
    return visit_id


def visits_over(conn: Conn, run_id: int) -> tuple[int, int]:
    """Visits of the run that have submitted work and are over, and how many units they did."""
    row = conn.one(
        "SELECT COUNT(DISTINCT v.id) AS visits, COUNT(g.id) AS units FROM visit v JOIN agent g ON g.visit_id = v.id"
        " AND g.status = 'completed' AND g.unit_id IS NOT NULL AND g.kind <> 'bot'"
        " WHERE v.run_id = :run AND v.status IN ('submitted', 'approved', 'rejected')",
        run=run_id,
    )  # fmt: skip
    assert row is not None
    return row["visits"], row["units"]


def visits_named(conn: Conn, run_id: int, external_id: str) -> list[VisitRow]:
    """The run's visits that the provider calls `external_id`, one for each worker who came with it, the newest last."""
    rows = conn.all(
        _VISIT + "WHERE run_id = :run AND external_id = :external ORDER BY id", run=run_id, external=external_id
    )
    return [_visit(row) for row in rows]


def end_visit(conn: Conn, visit_id: int, status: str, now: float, completion: str | None = None) -> bool:
    """open -> `status` with the JSON of its completion; False if it was not open any more."""
    check_move("visit", "open", status)
    return bool(
        conn.execute(
            "UPDATE visit SET status = :status, ended_at = :now, completion = :completion"
            " WHERE id = :id AND status = 'open'",
            status=status, now=now, completion=completion, id=visit_id,
        )
    )  # fmt: skip


def set_completion(conn: Conn, visit_id: int, completion: str) -> None:
    """How a visit ended in the worker's browser, for one that ended before anybody could say (JSON text)."""
    conn.execute(
        "UPDATE visit SET completion = :completion WHERE id = :id AND completion IS NULL",
        completion=completion, id=visit_id,
    )  # fmt: skip


def visit_submitted_late(conn: Conn, visit_id: int, now: float, completion: str | None) -> None:
    """A late submission was accepted: the visit that had timed out counts as submitted."""
    conn.execute(
        "UPDATE visit SET status = 'submitted', ended_at = :now, completion = :completion"
        " WHERE id = :id AND status IN ('open', 'timed_out')",
        now=now, completion=completion, id=visit_id,
    )  # fmt: skip


def named(conn: Conn, name: str) -> list[Worker]:
    """Workers of this name, one for each provider that knows it."""
    sql = "SELECT id, name, provider, simulated FROM worker WHERE name = :name ORDER BY provider"
    return [of_row(row) for row in conn.all(sql, name=name)]


def page(conn: Conn, provider: str | None, after: int, limit: int = 1000) -> list[Worker]:
    """One keyset page of workers, of all providers or one, ids above `after`."""
    of_provider = "" if provider is None else "provider = :provider AND "
    rows = conn.all(
        f"SELECT id, name, provider, simulated FROM worker WHERE {of_provider}id > :after ORDER BY id LIMIT :limit",
        after=after, limit=limit, **({} if provider is None else {"provider": provider}),
    )  # fmt: skip
    return [of_row(row) for row in rows]


def blocked(conn: Conn, worker_id: int) -> str | None:
    """Why the worker is blocked, None if they are not."""
    reason: str | None = conn.value("SELECT blocked FROM worker WHERE id = :id", id=worker_id)
    return reason


def set_blocked(conn: Conn, worker_id: int, reason: str | None) -> None:
    """Block the worker for `reason`, or with None no longer."""
    conn.execute("UPDATE worker SET blocked = :reason WHERE id = :id", reason=reason, id=worker_id)


def work_by_task(conn: Conn, worker_id: int) -> dict[str, int]:
    """How many pieces of work on units the worker has submitted, by task."""
    rows = conn.all(
        "SELECT t.name, COUNT(*) AS n FROM agent g JOIN run r ON r.id = g.run_id JOIN task t ON t.id = r.task_id"
        " WHERE g.worker_id = :worker AND g.status = 'completed' AND g.unit_id IS NOT NULL"
        " GROUP BY t.name ORDER BY t.name",
        worker=worker_id,
    )
    return {r["name"]: r["n"] for r in rows}


def newest_run(conn: Conn, worker: Worker) -> int | None:
    """The newest run that the worker has visited; of who has not come yet, the newest of their provider."""
    run_id: int | None = conn.value("SELECT MAX(run_id) FROM agent WHERE worker_id = :worker", worker=worker.id)
    if run_id is None:
        run_id = conn.value("SELECT MAX(id) FROM run WHERE provider = :provider", provider=worker.provider)
    return run_id


def providers(conn: Conn) -> list[str]:
    """The providers of all workers and runs, by name."""
    rows = conn.all("SELECT provider FROM worker UNION SELECT provider FROM run ORDER BY provider")
    return [row["provider"] for row in rows]


def open_counts(conn: Conn, run_id: int, among: Iterable[int]) -> dict[int, int]:
    """How many pieces of work those workers have open in the run who have any, by worker."""
    found: dict[int, int] = {}
    asked = sorted(among)
    for start in range(0, len(asked), _PAGE):
        given = {f"w{n}": worker_id for n, worker_id in enumerate(asked[start : start + _PAGE])}
        marks = ", ".join(f":{name}" for name in given)
        rows = conn.all(
            f"SELECT worker_id, COUNT(*) FROM agent WHERE worker_id IN ({marks}) AND run_id = :run"
            " AND status IN ('waiting', 'in_task') GROUP BY worker_id",
            run=run_id, **given,
        )  # fmt: skip
        found.update((row[0], row[1]) for row in rows)
    return found
