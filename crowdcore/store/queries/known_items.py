"""Units that are made on demand for one worker: golds and screening items.

Each known item is one assignment of the run (kind gold or screening, named by `key`), and everybody who
does it has a seat of their own, so the rule that nobody has two seats of one assignment also says that
nobody does a gold twice. A seat that is given up expires: it is nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crowdcore.state import canonical
from crowdcore.store.queries.units import Free

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn


@dataclass(frozen=True)
class Known:
    """An item with what is known to be right (None: a hook judges); `key` names it."""

    key: str
    item: Any
    answers: Any = None


def seat(conn: Conn, run_id: int, kind: str, known: Known, pay_micros: int) -> Free:
    """A launched unit of `known`, made now."""
    found = conn.value(
        "SELECT id FROM assignment WHERE run_id = :run AND kind = :kind AND key = :key AND key IS NOT NULL",
        run=run_id, kind=kind, key=known.key,
    )  # fmt: skip
    assignment_id = found or conn.value(
        "INSERT INTO assignment (run_id, kind, item, units, key, answers)"
        " VALUES (:run, :kind, :item, 1, :key, :answers) RETURNING id",
        run=run_id, kind=kind, item=canonical(known.item), key=known.key,
        answers=None if known.answers is None else canonical(known.answers),
    )  # fmt: skip
    number = conn.value("SELECT MAX(seat) FROM unit WHERE assignment_id = :id", id=assignment_id)
    number = 0 if number is None else number + 1
    unit_id = conn.value(
        "INSERT INTO unit (run_id, assignment_id, seat, status, pay_micros)"
        " VALUES (:run, :assignment, :seat, 'launched', :pay) RETURNING id",
        run=run_id, assignment=assignment_id, seat=number, pay=pay_micros,
    )  # fmt: skip
    return Free(unit_id, assignment_id, number)


def agents_in_run(conn: Conn, run_id: int, kind: str, *, opened: bool = False) -> int:
    """Agents of a special kind that the run has open or completed (`opened`: open only)."""
    statuses = "('waiting', 'in_task')" if opened else "('waiting', 'in_task', 'completed')"
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent WHERE run_id = :run AND kind = :kind AND kind <> 'unit'"
            f" AND status IN {statuses}",
            run=run_id, kind=kind,
        )
    )  # fmt: skip


def open_of_kind(conn: Conn, run_id: int, worker_id: int, kind: str) -> bool:
    """Whether the worker has an open agent of this kind in the run."""
    sql = (
        "SELECT 1 FROM agent WHERE worker_id = :worker AND run_id = :run AND status IN ('waiting', 'in_task')"
        " AND kind = :kind"
    )
    return conn.one(sql, worker=worker_id, run=run_id, kind=kind) is not None


def unjudged(conn: Conn, run_id: int, worker_id: int, kind: str) -> bool:
    """Whether the worker has submitted such work in the run that nobody has judged."""
    sql = (
        "SELECT 1 FROM agent WHERE worker_id = :worker AND run_id = :run AND status = 'completed'"
        " AND kind = :kind AND passed IS NULL"
    )
    return conn.one(sql, worker=worker_id, run=run_id, kind=kind) is not None


def keys_had(conn: Conn, worker_id: int) -> tuple[set[str], set[str]]:
    """Keys of golds that the worker holds or has answered, in any run, and of those they gave up."""
    rows = conn.all(
        "SELECT DISTINCT a.key, g.status FROM agent g JOIN unit u ON u.id = g.unit_id"
        " JOIN assignment a ON a.id = u.assignment_id WHERE g.worker_id = :worker AND g.kind = 'gold'",
        worker=worker_id,
    )
    had = {r["key"] for r in rows if r["status"] != "ended"}
    return had, {r["key"] for r in rows} - had


def since_gold(conn: Conn, run_id: int, worker_id: int) -> int:
    """Units that the worker has begun (and not given up) in the run since their last gold."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent WHERE worker_id = :worker AND run_id = :run AND kind IN ('unit', 'screening')"
            " AND status IN ('waiting', 'in_task', 'completed') AND id > COALESCE((SELECT MAX(id) FROM agent"
            " WHERE worker_id = :worker AND run_id = :run AND kind = 'gold'"
            " AND status IN ('waiting', 'in_task', 'completed')), 0)",
            worker=worker_id, run=run_id,
        )
    )  # fmt: skip


def pieces(conn: Conn, run_id: int, worker_id: int) -> int:
    """Units, golds and screening items that the worker has begun (and not given up) in the run."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent WHERE worker_id = :worker AND run_id = :run AND unit_id IS NOT NULL"
            " AND status IN ('waiting', 'in_task', 'completed')",
            worker=worker_id, run=run_id,
        )
    )  # fmt: skip


def completed_since_pass(conn: Conn, run_id: int, worker_id: int) -> list[int]:
    """The worker's completed, undecided units in the run since the last gold they got right."""
    rows = conn.all(
        "SELECT g.unit_id FROM agent g JOIN unit u ON u.id = g.unit_id AND u.status = 'completed'"
        " WHERE g.worker_id = :worker AND g.run_id = :run AND g.status = 'completed'"
        " AND g.kind IN ('unit', 'screening')"
        " AND g.id > COALESCE((SELECT MAX(id) FROM agent WHERE worker_id = :worker AND run_id = :run"
        " AND kind = 'gold' AND status = 'completed' AND passed = :yes), 0) ORDER BY g.id",
        worker=worker_id, run=run_id, yes=True,
    )  # fmt: skip
    return [r["unit_id"] for r in rows]
