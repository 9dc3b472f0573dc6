"""All runs of the database as JSON: what the admin page shows and its API answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crowdcore.base.quantities import MICROS, format_money
from crowdcore.errors import RequestError
from crowdcore.status import DONE_UNIT, LIVE_RUN, OPEN_UNIT

if TYPE_CHECKING:
    from crowdcore.store import Conn, Row

NEWEST = 100
RECENT = 30
ALIVE = 10.0
"""Seconds since its last heartbeat after which a run is taken for dead."""

_RUNS = """
    SELECT run.*, task.name AS task, (SELECT max(id) FROM event WHERE event.run_id = run.id) AS last_event
    FROM run JOIN task ON task.id = run.task_id
"""


class Overview:
    """Reads runs. Counts are taken again only after something happened in a run. Use from one thread."""

    def __init__(self) -> None:
        self._counts: dict[int, tuple[int | None, dict[str, Any]]] = {}

    def runs(self, now: float) -> Callable[[Conn], list[dict[str, Any]]]:
        """The newest 100 runs, newest first."""

        def read(conn: Conn) -> list[dict[str, Any]]:
            rows = conn.all(_RUNS + " ORDER BY run.id DESC LIMIT :n", n=NEWEST)
            return [self._document(conn, row, now) for row in rows]

        return read

    def run(self, name: str, now: float) -> Callable[[Conn], dict[str, Any]]:
        """One run with its latest events; RequestError 404."""

        def read(conn: Conn) -> dict[str, Any]:
            row = conn.one(_RUNS + " WHERE run.name = :name", name=name)
            if row is None:
                raise RequestError(404, "unknown_run", f"There is no run named {name!r}.")
            return {**self._document(conn, row, now), "events": _events(conn, row["id"])}

        return read

    def _document(self, conn: Conn, row: Row, now: float) -> dict[str, Any]:
        known = self._counts.get(row["id"])
        if known is None or known[0] != row["last_event"]:
            known = self._counts[row["id"]] = (row["last_event"], _counts(conn, row))
        heartbeat = row["heartbeat_at"]
        served = row["status"] in LIVE_RUN and heartbeat is not None and now - heartbeat < ALIVE
        names = ("name", "task", "status", "wanted", "provider", "currency", "reason", "url", "created_at",
                 "launched_at", "ended_at", "heartbeat_at")  # fmt: skip
        return {**{name: row[name] for name in names}, "served": served, **known[1]}


def _counts(conn: Conn, row: Row) -> dict[str, Any]:
    by_status = "SELECT status, count(*) AS n, sum(pay_micros) AS pay FROM unit WHERE run_id = :run GROUP BY status"
    units = conn.all(by_status, run=row["id"])
    agents = conn.all("SELECT status, count(*) AS n FROM agent WHERE run_id = :run GROUP BY status", run=row["id"])
    owed = conn.value(
        "SELECT sum(amount_micros) FROM outbox WHERE run_id = :run AND kind IN ('reward', 'bonus') "
        "AND state <> 'failed'", run=row["id"],
    )  # fmt: skip
    errors = conn.value("SELECT count(*) FROM event WHERE run_id = :run AND kind = 'page_error'", run=row["id"])
    counting = {*OPEN_UNIT, *DONE_UNIT} - {"rejected"}
    return {
        "units": {one["status"]: one["n"] for one in units},
        "agents": {one["status"]: one["n"] for one in agents},
        "submissions": sum(one["n"] for one in agents if one["status"] == "completed"),
        "page_errors": errors,
        "promised": _money(sum(one["pay"] for one in units if one["status"] in counting), row["currency"]),
        "earned": _money(owed or 0, row["currency"]),
    }


def _events(conn: Conn, run_id: int) -> list[dict[str, Any]]:
    rows = conn.all(
        "SELECT id, at, kind, actor, data FROM event WHERE run_id = :run ORDER BY id DESC LIMIT :n",
        run=run_id, n=RECENT,
    )  # fmt: skip
    names = ("id", "at", "kind", "actor")
    return [{**{name: row[name] for name in names}, "data": json.loads(row["data"])} for row in rows]


def _money(micros: Any, currency: str) -> str:
    return format_money(Decimal(int(micros)) / MICROS, currency)
