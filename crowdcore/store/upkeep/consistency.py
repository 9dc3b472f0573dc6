"""What must hold between the tables at any instant, whatever was killed: each function yields what does not.

Every statement answers with faults only, so nothing of the size of the database is ever held in memory.
`run_id` None means all runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crowdcore.status import DONE_UNIT

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row
    from crowdcore.store.files import FileStore

OUTBOX_STATES = ("intended", "sent", "confirmed", "failed", "unknown", "withdrawn")
_DONE = ", ".join(f"'{s}'" for s in DONE_UNIT)
_HOLDS = "g.kind <> 'bot' AND g.status IN ('waiting', 'in_task', 'completed')"
_LIMIT = "LIMIT 10000"
_CHUNK = 1 << 20


class NamedFile(NamedTuple):
    """A recorded upload: its row, the hash of its content (64 hex digits), its size in bytes."""

    id: int
    sha256: str
    size: int


def ledger(conn: Conn, run_id: int | None = None) -> Iterator[str]:
    """Exactly one reward in the outbox for each paid unit with a submission, of its worker and its amount.

    What somebody is paid for having waited (`together.WAITING_PAY`) belongs to no unit.
    """
    for row in rows_of(
        conn, run_id, "u.run_id",
        "SELECT u.id, MIN(u.worker_id) AS worker, MIN(u.pay_micros) AS pay, COUNT(o.id) AS n,"
        " MIN(o.worker_id) AS owed_to, MIN(o.amount_micros) AS owed"
        " FROM unit u LEFT JOIN outbox o ON o.unit_id = u.id AND o.kind = 'reward'"
        f" WHERE u.pay_micros > 0 AND u.status IN ({_DONE}) AND :of_run GROUP BY u.id HAVING COUNT(o.id) <> 1"
        " OR COALESCE(MIN(o.worker_id), -1) <> COALESCE(MIN(u.worker_id), -1) OR MIN(o.amount_micros) <>"
        " MIN(u.pay_micros) ORDER BY u.id",
    ):  # fmt: skip
        if row["n"] > 1:
            yield f"unit {row['id']} is rewarded {row['n']} times in the outbox"
        else:
            yield (
                f"unit {row['id']} earned {row['pay']} micros for worker {row['worker']}, "
                f"but the outbox has {row['owed']} for {row['owed_to']}"
            )
    for row in rows_of(
        conn, run_id, "o.run_id",
        "SELECT o.id, u.id AS unit, u.status FROM outbox o LEFT JOIN unit u ON u.id = o.unit_id"
        " WHERE o.kind = 'reward' AND SUBSTR(o.key, 1, 8) <> 'waiting:'"
        f" AND (u.id IS NULL OR u.status NOT IN ({_DONE})) AND :of_run ORDER BY o.id",
    ):  # fmt: skip
        yield f"outbox row {row['id']} rewards unit {row['unit']}, which is {row['status']}"
    states = ", ".join(f"'{s}'" for s in OUTBOX_STATES)
    for row in rows_of(
        conn, run_id, "o.run_id",
        "SELECT o.id, o.kind, o.state FROM outbox o JOIN run r ON r.id = o.run_id"
        f" WHERE (o.state NOT IN ({states}) OR o.amount_micros IS NOT NULL AND (o.amount_micros < 0"
        " OR o.worker_id IS NULL OR o.currency IS NULL OR o.currency <> r.currency)) AND :of_run ORDER BY o.id",
    ):  # fmt: skip
        yield f"outbox row {row['id']} ({row['kind']}, {row['state']}) has an amount, currency, worker or state amiss"


def visits(conn: Conn, run_id: int | None = None) -> Iterator[str]:
    """A visit is approved once all its units are decided and one is paid, rejected when all are; each is told once."""
    decided = "FROM visit v JOIN agent g ON g.visit_id = v.id AND g.status = 'completed' AND g.kind <> 'bot'"
    paid = "SUM(CASE WHEN u.status IN ('accepted', 'soft_rejected') THEN 1 ELSE 0 END)"
    undecided = "SUM(CASE WHEN u.status = 'completed' THEN 1 ELSE 0 END)"
    for row in rows_of(
        conn, run_id, "v.run_id",
        f"SELECT v.id, MIN(v.status) AS status, {undecided} AS undecided, {paid} AS paid {decided}"
        " JOIN unit u ON u.id = g.unit_id WHERE v.status IN ('submitted', 'approved', 'rejected') AND :of_run"
        f" GROUP BY v.id HAVING (MIN(v.status) = 'approved') <> ({undecided} = 0 AND {paid} > 0)"
        f" OR MIN(v.status) = 'rejected' AND {paid} + {undecided} > 0 ORDER BY v.id",
    ):  # fmt: skip
        yield f"visit {row['id']} is {row['status']}: {row['paid']} units paid, {row['undecided']} not decided"
    told = "EXISTS (SELECT 1 FROM outbox o WHERE o.key = {} || CAST(v.id AS TEXT))"
    approved, rejected = told.format("'approve:visit:'"), told.format("'reject:visit:'")
    for row in rows_of(
        conn, run_id, "v.run_id",
        f"SELECT v.id, v.status FROM visit v WHERE ((v.status = 'approved') <> {approved}"
        f" OR v.status = 'rejected' AND NOT {rejected}) AND :of_run ORDER BY v.id",
    ):  # fmt: skip
        yield f"visit {row['id']} is {row['status']}, and what its platform is told is something else"


def seats(conn: Conn, run_id: int | None = None) -> Iterator[str]:
    """A unit is one agent's at a time and completed once; nobody has two units of an assignment."""
    of_unit = "FROM agent g JOIN unit u ON u.id = g.unit_id"
    for row in rows_of(
        conn, run_id, "g.run_id",
        f"SELECT g.unit_id, COUNT(*) AS n FROM agent g WHERE g.unit_id IS NOT NULL AND {_HOLDS} AND :of_run"
        " GROUP BY g.unit_id HAVING COUNT(*) > 1 ORDER BY g.unit_id",
    ):  # fmt: skip
        yield f"unit {row['unit_id']} has {row['n']} agents at once"
    for row in rows_of(
        conn, run_id, "g.run_id",
        f"SELECT u.assignment_id, g.worker_id {of_unit} WHERE {_HOLDS} AND :of_run"
        " GROUP BY u.assignment_id, g.worker_id HAVING COUNT(*) > 1 ORDER BY u.assignment_id",
    ):  # fmt: skip
        yield f"worker {row['worker_id']} has several units of assignment {row['assignment_id']}"
    for row in rows_of(
        conn, run_id, "g.run_id",
        f"SELECT g.id, g.unit_id, u.status, u.worker_id AS holder {of_unit} WHERE {_HOLDS} AND :of_run"
        f" AND (COALESCE(u.worker_id, -1) <> g.worker_id OR u.status NOT IN ('assigned', {_DONE})) ORDER BY g.id",
    ):  # fmt: skip
        yield f"unit {row['unit_id']} is {row['status']} by {row['holder']}, but agent {row['id']} has it"
    for row in rows_of(
        conn, run_id, "u.run_id",
        f"SELECT u.id, u.status FROM unit u WHERE u.status IN ('assigned', {_DONE}) AND :of_run"
        f" AND NOT EXISTS (SELECT 1 FROM agent g WHERE g.unit_id = u.id AND {_HOLDS}) ORDER BY u.id",
    ):  # fmt: skip
        yield f"unit {row['id']} is {row['status']}, but belongs to nobody"


def ordinals(conn: Conn, run_id: int | None = None) -> Iterator[str]:
    """Every item up to where launching stands is one assignment with all its units (as many again if done again)."""
    for row in rows_of(
        conn, run_id, "r.id",
        "SELECT r.name, MIN(r.next_ordinal) AS stands, COUNT(a.ordinal) AS n, MAX(a.ordinal) AS last FROM run r"
        " LEFT JOIN assignment a ON a.run_id = r.id AND a.ordinal IS NOT NULL WHERE :of_run GROUP BY r.id, r.name"
        " HAVING COUNT(a.ordinal) <> MIN(r.next_ordinal) OR MAX(a.ordinal) >= MIN(r.next_ordinal)",
    ):  # fmt: skip
        yield f"run {row['name']}: launching stands at {row['stands']}, but there are {row['n']} assignments"
    for row in rows_of(
        conn, run_id, "a.run_id",
        "SELECT a.id, MIN(a.units) AS promised, COUNT(u.id) AS n FROM assignment a"
        " LEFT JOIN unit u ON u.assignment_id = a.id WHERE a.ordinal IS NOT NULL AND :of_run"
        " GROUP BY a.id HAVING COUNT(u.id) < MIN(a.units) OR COUNT(u.id) % MIN(a.units) <> 0 ORDER BY a.id",
    ):  # fmt: skip
        yield f"assignment {row['id']} has {row['n']} of {row['promised']} units"


def damaged(store: FileStore, sha256: str, size: int, *, whole: bool = True) -> str | None:
    """What is wrong with a stored file, None if nothing is; without `whole` only its size is looked at."""
    path = store.path(sha256)
    try:
        found = path.stat().st_size
        if found != size:
            return f"{path} has {found} of {size} bytes"
        if whole and digest(path) != sha256:
            return f"{path} is not what was uploaded: its bytes have another hash"
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return None


def digest(path: Path) -> str:
    """The SHA-256 of a file's content, 64 hex digits. Raises OSError."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def named_files(conn: Conn, after: int = 0, run_id: int | None = None, limit: int = 1000) -> list[NamedFile]:
    """One keyset page of recorded uploads, those with ids above `after`; the same content may come again."""
    sql = (
        "SELECT f.id, f.sha256, f.size FROM file f JOIN agent g ON g.id = f.agent_id"
        f" WHERE f.id > :after AND :of_run ORDER BY f.id LIMIT {int(limit)}"
    )
    return [NamedFile(*row) for row in rows_of(conn, run_id, "g.run_id", sql, after=after)]


def rows_of(conn: Conn, run_id: int | None, column: str, sql: str, **params: object) -> list[Row]:
    """The rows of `sql`, in which `:of_run` stands for the wanted run; 10,000 at most."""
    limited = sql if "LIMIT" in sql else f"{sql} {_LIMIT}"
    if run_id is None:
        return conn.all(limited.replace(":of_run", "1 = 1"), **params)
    return conn.all(limited.replace(":of_run", f"{column} = :run"), run=run_id, **params)
