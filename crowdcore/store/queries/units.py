"""Assignments and units: launched in slices, claimed, given back, expired, counted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crowdcore.base.quantities import MICROS as MICROS
from crowdcore.status import OPEN_UNIT
from crowdcore.store.queries import events
from crowdcore.types import Assignment, Unit

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn

Position = tuple[int, int]
"""(seat, unit id): where a worker's search for free units goes on."""

START: Position = (-1, -1)


@dataclass(frozen=True)
class Free:
    """A launched unit that a worker might take."""

    id: int
    assignment_id: int
    seat: int


def launch_slice(
    conn: Conn, run_id: int, start: int, items: Iterable[str], *, units: int, pay_micros: int,
    exhausted: bool, now: float,
) -> int:  # fmt: skip
    """Store `items` (canonical JSON) as assignments from ordinal `start`, each with `units` launched units.

    The run's ordinal moves with them, so a resumed launch goes on exactly here. Returns units added;
    a slice that another launch has already stored adds nothing.
    """
    rows = [{"run": run_id, "ordinal": start + n, "item": item, "units": units} for n, item in enumerate(items)]
    end = start + len(rows)
    moved = conn.execute(
        "UPDATE run SET next_ordinal = :end, exhausted = :exhausted WHERE id = :run AND next_ordinal = :start",
        end=end, exhausted=exhausted, run=run_id, start=start,
    )  # fmt: skip
    if not moved:
        return 0
    if not rows:
        events.append(conn, run_id, now, "data_exhausted", "service", [], ordinal=end, exhausted=True)
        return 0
    conn.many(
        "INSERT INTO assignment (run_id, ordinal, kind, item, units) VALUES (:run, :ordinal, 'real', :item, :units)",
        rows,
    )
    before = conn.value("SELECT MAX(id) FROM unit") or 0
    count = conn.execute(
        "INSERT INTO unit (run_id, assignment_id, seat, status, pay_micros) WITH RECURSIVE s (seat) AS"
        " (SELECT 0 UNION ALL SELECT seat + 1 FROM s WHERE seat + 1 < CAST(:units AS INTEGER))"
        " SELECT CAST(:run AS BIGINT), a.id, s.seat, 'launched', CAST(:pay AS BIGINT) FROM assignment a CROSS JOIN s"
        " WHERE a.run_id = :run AND a.ordinal >= :start AND a.ordinal < :end ORDER BY a.ordinal, s.seat",
        run=run_id, units=units, pay=pay_micros, start=start, end=end,
    )  # fmt: skip
    # A launch that died may have used numbers up (PostgreSQL gives none back), so the first is looked for.
    first = conn.value("SELECT MIN(id) FROM unit WHERE id > :before", before=before)
    last = conn.value("SELECT MAX(id) FROM unit")
    events.append(
        conn,
        run_id,
        now,
        "units_launched",
        "service",
        [],
        first=first,
        last=last,
        count=count,
        ordinal=end,
        exhausted=exhausted,
    )
    return count


def free_page(conn: Conn, run_id: int, worker_id: int, after: Position, limit: int) -> list[tuple[Free, bool]]:
    """Launched units after a position, seat by seat, each with whether the worker has had that assignment."""
    rows = conn.all(
        "SELECT u.id, u.assignment_id, u.seat, EXISTS (SELECT 1 FROM unit d"
        " WHERE d.assignment_id = u.assignment_id AND d.worker_id = :worker) AS had"
        " FROM unit u WHERE u.run_id = :run AND u.status = 'launched' AND (u.seat, u.id) > (:seat, :id)"
        " ORDER BY u.seat, u.id LIMIT :limit",
        worker=worker_id, run=run_id, seat=after[0], id=after[1], limit=limit,
    )  # fmt: skip
    return [(Free(r["id"], r["assignment_id"], r["seat"]), bool(r["had"])) for r in rows]


def take(conn: Conn, unit_id: int, worker_id: int) -> bool:
    """launched -> assigned for this worker; False if somebody else was faster."""
    return bool(
        conn.execute(
            "UPDATE unit SET status = 'assigned', worker_id = :worker, reason = NULL"
            " WHERE id = :id AND status = 'launched'",
            worker=worker_id, id=unit_id,
        )
    )  # fmt: skip


def release(conn: Conn, unit_id: int, *, expire: bool, reason: str) -> str:
    """assigned -> launched (or expired, when the run takes no new work); returns the new status."""
    target = "expired" if expire else "launched"
    conn.execute(
        "UPDATE unit SET status = :to, worker_id = NULL, reason = :reason WHERE id = :id AND status = 'assigned'",
        to=target, reason=reason, id=unit_id,
    )  # fmt: skip
    return target


def complete(conn: Conn, unit_id: int, worker_id: int, sources: tuple[str, ...]) -> str | None:
    """-> completed from one of `sources`; returns the status before, None if it was in none of them."""
    for before in sources:
        if conn.execute(
            "UPDATE unit SET status = 'completed', worker_id = :worker, reason = NULL"
            " WHERE id = :id AND status = :before",
            worker=worker_id, id=unit_id, before=before,
        ):  # fmt: skip
            return before
    return None


def expire_free(conn: Conn, run_id: int, now: float, *, reason: str, limit: int = 2000) -> int:
    """created | launched -> expired for at most `limit` units of the run; returns how many."""
    rows = conn.all(
        "UPDATE unit SET status = 'expired', reason = :reason WHERE id IN (SELECT id FROM unit"
        " WHERE run_id = :run AND status IN ('launched', 'created') LIMIT :limit) RETURNING id",
        reason=reason, run=run_id, limit=limit,
    )  # fmt: skip
    if rows:
        ids = [r["id"] for r in rows]
        events.append(
            conn, run_id, now, "units_expired", "service", [],
            units=ids, count=len(ids), source="launched", reason=reason,
        )  # fmt: skip
    return len(rows)


def first_item(conn: Conn, run_id: int) -> Any:
    """The item of the run's first assignment (JSON); None before there is one."""
    text = conn.value("SELECT item FROM assignment WHERE run_id = :run AND ordinal = 0", run=run_id)
    return None if text is None else _item(text)


def counts(conn: Conn, run_id: int) -> dict[str, int]:
    """Units of the run's task data by status; golds and screening items are not among them."""
    rows = conn.all("SELECT status, COUNT(*) AS n FROM unit WHERE run_id = :run GROUP BY status", run=run_id)
    special = special_counts(conn, run_id)
    return {r["status"]: n for r in rows if (n := r["n"] - special.get(r["status"], 0))}


def special_counts(conn: Conn, run_id: int) -> dict[str, int]:
    """Units of the run that were made on demand (golds, screening items) by status."""
    rows = conn.all(
        "SELECT u.status, COUNT(*) AS n FROM assignment a JOIN unit u ON u.assignment_id = a.id"
        " WHERE a.run_id = :run AND a.kind IN ('gold', 'screening') AND a.key IS NOT NULL GROUP BY u.status",
        run=run_id,
    )
    return {r["status"]: r["n"] for r in rows}


def any_open(conn: Conn, run_id: int) -> bool:
    """Whether a unit of the run is created, launched or assigned."""
    marks = ", ".join(f"'{status}'" for status in OPEN_UNIT)
    sql = f"SELECT 1 FROM unit WHERE run_id = :run AND status IN ({marks}) LIMIT 1"
    return conn.one(sql, run=run_id) is not None


def promised(conn: Conn, run_id: int) -> Decimal:
    """Money of the run's units that are or may still be earned, in the run's currency."""
    micros = conn.value(
        "SELECT SUM(pay_micros) FROM unit WHERE run_id = :run AND status NOT IN ('expired', 'rejected')",
        run=run_id,
    )
    return Decimal(int(micros or 0)) / MICROS


UNIT_COLUMNS = (
    "u.id AS u_id, u.seat AS u_seat, u.pay_micros AS u_pay, u.status AS u_status, a.id AS a_id,"
    " a.ordinal AS a_ordinal, a.kind AS a_kind, a.item AS a_item, a.units AS a_units, a.answers AS a_answers"
)


def unit_from(
    id: int, seat: int, pay: int, status: str, a_id: int, ordinal: int | None, kind: Any, item: str, of: int,
    answers: str | None,
) -> Unit:  # fmt: skip
    """The Unit of the values of UNIT_COLUMNS, in their order."""
    known = None if answers is None else _item(answers)
    return Unit(id, Assignment(a_id, ordinal or 0, kind, _item(item), of, known), seat, Decimal(pay) / MICROS, status)


def get(conn: Conn, unit_id: int) -> Unit:
    """The unit with its assignment (it exists)."""
    row = conn.one(
        f"SELECT {UNIT_COLUMNS} FROM unit u JOIN assignment a ON a.id = u.assignment_id WHERE u.id = :id",
        id=unit_id,
    )
    assert row is not None
    return unit_from(*row)


def page(conn: Conn, run_id: int, after: int, limit: int = 1000) -> list[Unit]:
    """One keyset page of the run's units, ids above `after`."""
    rows = conn.all(
        f"SELECT {UNIT_COLUMNS} FROM unit u JOIN assignment a ON a.id = u.assignment_id"
        " WHERE u.run_id = :run AND u.id > :after ORDER BY u.id LIMIT :limit",
        run=run_id, after=after, limit=limit,
    )  # fmt: skip
    return [unit_from(*row) for row in rows]


def _item(text: str) -> Any:
    return json.loads(text)
