"""What must hold in the database of a run at any instant, whatever was killed: `faults` lists what does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from crowdcore.status import OPEN_AGENT
from crowdcore.store import Conn, Database, FileStore
from crowdcore.store.queries import agents, events, journal, runs, units
from crowdcore.store.upkeep import consistency, live_consistency
from crowdcore.store.upkeep.audit import replay
from crowdcore.work.counters import Counters

LATE = 5.0
"""Seconds after which a deadline that did not come is a fault: the machine is busy."""


def faults(database: Database, run_id: int = 1, *, ended: bool = False) -> list[str]:
    """One line for everything that is wrong with the run; `ended`: nothing may be open any more."""
    store = FileStore(database.folder / "files")

    def look(conn: Conn) -> list[str]:
        found = [*replay(conn, run_id)]
        for rule in (
            consistency.ledger,
            consistency.visits,
            consistency.seats,
            consistency.ordinals,
            *live_consistency.RULES,
        ):
            found += rule(conn, run_id)
        found += live_consistency.overdue(conn, run_id, runs.get(conn, run_id).service_time - LATE)
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
    if counters.submissions != (submissions := agents.submitted_count(conn, run_id)):
        yield f"{counters.submissions} submissions counted, {submissions} agents have submitted"


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
    if open_ones := conn.all("SELECT id FROM conversation WHERE run_id = :run AND status <> 'ended'", run=run_id):
        yield f"conversations have not ended: {[row['id'] for row in open_ones]}"


def submitted(database: Database, run_id: int = 1) -> list[tuple[int, int]]:
    """(event id, unit id) of every submission, in the order of their commits."""
    return database.read(
        lambda c: [(e.id, int(e.data["unit"])) for e in _events(c, run_id) if e.kind == "unit_submitted"]
    )


def unkept(database: Database, acknowledged: Mapping[int, Mapping[str, Any]]) -> list[str]:
    """What was acknowledged (by agent: data by message id, in order) and is not kept once, as it was, in this order."""

    def look(conn: Conn) -> Iterator[str]:
        kept: dict[int, dict[str, Any]] = {}
        for row in conn.all("SELECT id FROM conversation ORDER BY id"):
            for one in journal.said(conn, row["id"]):
                if one.id in kept.setdefault(one.agent, {}):
                    yield f"message {one.id} of agent {one.agent} is kept twice"
                kept[one.agent][one.id] = one.data
        for agent, messages in acknowledged.items():
            of_agent = kept.get(agent, {})
            yield from (f"lost: {id} of agent {agent}" for id in messages if id not in of_agent)
            yield from (f"{id} was {d}, is {of_agent[id]}" for id, d in messages.items() if of_agent.get(id, d) != d)
            if [id for id in of_agent if id in messages] != list(messages):
                yield f"agent {agent} said {list(messages)}, kept in this order: {list(of_agent)}"

    return database.read(lambda c: list(look(c)))
