"""What must hold in the database of a run at any instant, whatever was killed: `faults` lists what does not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from crowdcore.progress import Counters
from crowdcore.status import DONE_UNIT, OPEN_AGENT, IllegalMove, check_move
from crowdcore.store import Conn, Database, FileStore, agents, events, units

KINDS = ("unit", "agent", "visit", "run")
FIRST = {"unit": ("created", "launched"), "agent": ("waiting", "in_task"), "visit": ("open",), "run": ("launching",)}
"""The statuses in which a thing of each kind may begin."""


def faults(database: Database, run_id: int = 1, *, ended: bool = False) -> list[str]:
    """One line for everything that is wrong with the run; `ended`: nothing may be open any more."""
    store = FileStore(database.folder / "files")

    def look(conn: Conn) -> list[str]:
        found = [*replay(conn, run_id), *_rewards(conn, run_id), *_seats(conn, run_id), *_ordinals(conn, run_id)]
        found += [*_counted(conn, run_id), *_files(conn, store, run_id)]
        return found + (list(_left_open(conn, run_id)) if ended else [])

    return database.read(look)


def replay(conn: Conn, run_id: int) -> Iterator[str]:
    """Play the run's events from the first: every move legal, from where the thing was, to where its row is now."""
    status: dict[str, dict[int, str]] = {kind: {} for kind in KINDS}
    for event in _events(conn, run_id):
        for kind, thing, source, target in _moves(event.kind, event.data):
            known = status[kind].get(thing)
            if known != source:
                yield f"event {event.id} ({event.kind}): {kind} {thing} was {known}, not {source}"
            problem = _illegal(kind, source, target)
            if problem:
                yield f"event {event.id} ({event.kind}): {kind} {thing}: {problem}"
            status[kind][thing] = target
    for kind in KINDS:
        column = "id" if kind == "run" else "run_id"
        found = conn.all(f"SELECT id, status FROM {kind} WHERE {column} = :run", run=run_id)
        rows = {r["id"]: r["status"] for r in found}
        for thing in sorted(rows.keys() | status[kind].keys()):
            if rows.get(thing) != status[kind].get(thing):
                yield f"{kind} {thing} is {rows.get(thing)}; its events say {status[kind].get(thing)}"


def _events(conn: Conn, run_id: int) -> Iterator[events.Event]:
    last = 0
    while page := events.after(conn, run_id, last, 1000):
        yield from page
        last = page[-1].id


def _moves(kind: str, data: dict[str, Any]) -> Iterator[tuple[str, int, str | None, str]]:
    if kind == "units_launched":
        yield from (("unit", unit, None, "launched") for unit in range(data["first"], data["last"] + 1))
    if kind == "units_expired":
        yield from (("unit", unit, data["source"], "expired") for unit in data["units"])
    yield from data["moves"]


def _illegal(kind: str, source: str | None, target: str) -> str | None:
    if source is None:
        return None if target in FIRST[kind] else f"begins as {target}"
    try:
        check_move(kind, source, target)  # type: ignore[arg-type]
    except IllegalMove as error:
        return f"illegal move {error}"
    return None


def _rewards(conn: Conn, run_id: int) -> Iterator[str]:
    """Exactly one reward in the outbox for each unit with a submission, of its worker and its amount."""
    marks = ", ".join(f"'{s}'" for s in DONE_UNIT)
    done = {
        r["id"]: (r["worker_id"], r["pay_micros"])
        for r in conn.all(
            "SELECT id, worker_id, pay_micros FROM unit WHERE run_id = :run AND pay_micros > 0"
            f" AND status IN ({marks})",
            run=run_id,
        )
    }
    rows = conn.all(
        "SELECT unit_id, worker_id, amount_micros FROM outbox WHERE run_id = :run AND kind = 'reward'", run=run_id
    )
    for unit, count in Counter(r["unit_id"] for r in rows).items():
        if count > 1:
            yield f"unit {unit} is rewarded {count} times"
    owed = {r["unit_id"]: (r["worker_id"], r["amount_micros"]) for r in rows}
    for unit in sorted(done.keys() | owed.keys()):
        if done.get(unit) != owed.get(unit):
            yield f"unit {unit}: (worker, pay) {done.get(unit)}, but the outbox has {owed.get(unit)}"


def _seats(conn: Conn, run_id: int) -> Iterator[str]:
    """A unit is one agent's at a time and completed once; nobody has two units of an assignment."""
    held = conn.all(
        "SELECT g.id, g.unit_id, g.worker_id, u.assignment_id, u.status, u.worker_id AS holder"
        " FROM agent g JOIN unit u ON u.id = g.unit_id"
        " WHERE g.run_id = :run AND g.status IN ('waiting', 'in_task', 'completed')",
        run=run_id,
    )
    for unit, count in Counter(r["unit_id"] for r in held).items():
        if count > 1:
            yield f"unit {unit} has {count} agents at once"
    for (assignment, worker), count in Counter((r["assignment_id"], r["worker_id"]) for r in held).items():
        if count > 1:
            yield f"worker {worker} has {count} units of assignment {assignment}"
    for row in held:
        if row["holder"] != row["worker_id"] or row["status"] not in ("assigned", *DONE_UNIT):
            yield f"unit {row['unit_id']} is {row['status']} by {row['holder']}, but agent {row['id']} has it"
    taken = {r["unit_id"] for r in held}
    marks = ", ".join(f"'{s}'" for s in ("assigned", *DONE_UNIT))
    for row in conn.all(f"SELECT id FROM unit WHERE run_id = :run AND status IN ({marks})", run=run_id):
        if row["id"] not in taken:
            yield f"unit {row['id']} belongs to nobody"


def _ordinals(conn: Conn, run_id: int) -> Iterator[str]:
    """Every item up to where launching stands is one assignment with all its units."""
    rows = conn.all(
        "SELECT a.ordinal, a.units, COUNT(u.id) AS n FROM assignment a LEFT JOIN unit u ON u.assignment_id = a.id"
        " WHERE a.run_id = :run GROUP BY a.id, a.ordinal, a.units ORDER BY a.ordinal",
        run=run_id,
    )
    stands = conn.value("SELECT next_ordinal FROM run WHERE id = :run", run=run_id)
    if [r["ordinal"] for r in rows] != list(range(stands)):
        yield f"launching stands at {stands}, but there are {len(rows)} assignments"
    for row in rows:
        if row["units"] != row["n"]:
            yield f"assignment {row['ordinal']} has {row['n']} of {row['units']} units"


def _counted(conn: Conn, run_id: int) -> Iterator[str]:
    """Counters that follow the events from the first come to what is in the tables."""
    counters = Counters(run="", pay=Decimal(0), currency="")
    for event in _events(conn, run_id):
        counters.apply(event)
    for name, counted, rows in (
        ("units", counters.units, units.counts(conn, run_id)), ("agents", counters.agents, agents.counts(conn, run_id)),
    ):  # fmt: skip
        if {k: v for k, v in counted.items() if v} != rows:
            yield f"{name} by the events: {dict(counted)}, by the rows: {rows}"
    if counters.submissions != counters.agents["completed"]:
        yield f"{counters.submissions} submissions counted, {counters.agents['completed']} agents completed"


def _files(conn: Conn, store: FileStore, run_id: int) -> Iterator[str]:
    """Every recorded upload is there, with the bytes that its hash promises."""
    for row in conn.all(
        "SELECT DISTINCT f.sha256, f.size FROM file f JOIN agent g ON g.id = f.agent_id WHERE g.run_id = :run",
        run=run_id,
    ):
        path = store.path(row["sha256"])
        content = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(content).hexdigest() != row["sha256"] or len(content) != row["size"]:
            yield f"file {row['sha256']} is damaged or gone"


def _left_open(conn: Conn, run_id: int) -> Iterator[str]:
    status = conn.value("SELECT status FROM run WHERE id = :run", run=run_id)
    if status != "finished":
        yield f"the run is {status}"
    if units.any_open(conn, run_id):
        yield f"units are open: {units.counts(conn, run_id)}"
    if left := agents.open_ids(conn, run_id):
        yield f"agents are {' or '.join(OPEN_AGENT)}: {left}"
    if conn.one("SELECT 1 FROM agent WHERE run_id = :run AND deadline IS NOT NULL", run=run_id) is not None:
        yield "somebody's deadline is pending"


def submitted(database: Database, run_id: int = 1) -> list[tuple[int, int]]:
    """(event id, unit id) of every submission, in the order of their commits."""
    return database.read(
        lambda c: [(e.id, int(e.data["unit"])) for e in _events(c, run_id) if e.kind == "unit_submitted"]
    )
