"""What must hold in the database of a run at any instant, whatever was killed: `faults` lists what does not."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from crowdcore.progress import Counters
from crowdcore.status import OPEN_AGENT
from crowdcore.store import Conn, Database, FileStore, agents, consistency, events, units
from crowdcore.store.replay import replay


def faults(database: Database, run_id: int = 1, *, ended: bool = False) -> list[str]:
    """One line for everything that is wrong with the run; `ended`: nothing may be open any more."""
    store = FileStore(database.folder / "files")

    def look(conn: Conn) -> list[str]:
        found = [*replay(conn, run_id)]
        for rule in (consistency.ledger, consistency.seats, consistency.ordinals):
            found += rule(conn, run_id)
        found += [*_counted(conn, run_id), *_files(conn, store, run_id)]
        return found + (list(_left_open(conn, run_id)) if ended else [])

    return database.read(look)


def _events(conn: Conn, run_id: int) -> Iterator[events.Event]:
    last = 0
    while page := events.after(conn, run_id, last, 1000):
        yield from page
        last = page[-1].id


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
    for file in consistency.named_files(conn, run_id=run_id, limit=100_000):
        if fault := consistency.damaged(store, file.sha256, file.size):
            yield fault


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
