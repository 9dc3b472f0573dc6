"""Answers as rows: one per agent with unit work, streamed, in the order in which the work was begun.

A row is a dict: run, task, agent, unit, assignment, ordinal, seat, worker, provider, simulated, visit,
status (of the unit), reason, agent_status, started_at and ended_at (ISO 8601, UTC), seconds, item (JSON),
data (the parsed answer, JSON), files (list of {"field", "name", "size", "sha256", "type", "path"}, the
path below the data directory), config_hash, plugins ({plugin: version}).
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from crowdcore.offline import offline_context
from crowdcore.store import FileStore, agents, runs

if TYPE_CHECKING:
    from crowdcore.state import AgentState
    from crowdcore.store import Database
    from crowdcore.store.agents import AgentRow
    from crowdcore.store.runs import RunRow

Row = dict[str, Any]
StateOf = Callable[["RunRow"], "type[AgentState]"]


def rows(
    database: Database, task: str, state_of: StateOf, *, unfinished: bool = False, simulated: bool = False
) -> Iterator[Row]:
    """Every row of the task's runs, oldest run first; at most one page of agents is in memory."""
    store = FileStore(database.folder / "files")
    for run in database.read(lambda c: runs.of_task(c, task)):
        state_class, after = state_of(run), 0
        while True:
            page, files = database.read(lambda c, r=run, a=after: _page(c, r.id, a, unfinished, simulated))  # type: ignore[misc]
            if not page:
                break
            for agent in page:
                yield _row(store, run, agent, files[agent.id], state_class)
            after = page[-1].id


def _page(
    conn: Any, run_id: int, after: int, unfinished: bool, simulated: bool
) -> tuple[list[AgentRow], dict[int, list[dict[str, Any]]]]:
    page = agents.page(conn, run_id, after, unfinished=unfinished, simulated=simulated)
    return page, {a.id: agents.files(conn, a.id) for a in page}


def _row(
    files: FileStore, run: RunRow, agent: AgentRow, uploads: list[dict[str, Any]], state_class: type[AgentState]
) -> Row:
    assert agent.unit is not None
    unit, state = agent.unit, None if agent.state is None else state_class.load_data(agent.state)
    submitted = agent.status == "completed"
    named = {f["file"]: f["field"] for f in state.files} if state is not None and submitted else {}
    return {
        "run": run.name, "task": run.task, "agent": agent.id, "unit": unit.id, "assignment": unit.assignment.id,
        "ordinal": unit.assignment.ordinal, "seat": unit.seat, "worker": agent.worker.name,
        "provider": agent.worker.provider, "simulated": agent.worker.simulated, "visit": agent.visit.external_id,
        "status": unit.status if submitted else agent.status, "reason": agent.end_reason,
        "started_at": _iso(agent.started_at), "ended_at": _iso(agent.ended_at),
        "seconds": None if agent.ended_at is None else round(agent.ended_at - agent.started_at, 3),
        "item": unit.assignment.item, "data": state.get_parsed_data() if state is not None and submitted else None,
        "files": [_file(files, f, named[f["file"]]) for f in uploads if f["file"] in named],
        "config_hash": run.config_hash, "plugins": run.plugins,
    }  # fmt: skip


def _file(files: FileStore, upload: dict[str, Any], field: str) -> dict[str, Any]:
    kept = {k: upload[k] for k in ("name", "size", "sha256", "type")}
    return {"field": field, **kept, "path": str(files.path(upload["sha256"]).relative_to(files.folder.parent))}


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def states(database: Database) -> StateOf:
    """Finds the AgentState class of a run, from its stored configuration and the snapshot of its sources."""

    def of(run: RunRow) -> type[AgentState]:
        return asyncio.run(offline_context(database, run)).state_class

    return of


def write_jsonl(source: Iterable[Row], target: TextIO) -> int:
    """One JSON object a line; returns how many."""
    count = 0
    for row in source:
        target.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        count += 1
    return count


def write_csv(source: Callable[[], Iterable[Row]], target: TextIO, *, excel: bool = False) -> int:
    """CSV (RFC 4180) with a column for each field of item and data; returns how many rows.

    `source` is called twice: for the columns, then for the rows. Text stands exactly as it was given, other
    values as JSON, nothing as an empty cell. `excel` writes a byte order mark and an apostrophe before text
    that a spreadsheet would take for a formula.
    """
    columns = list(dict.fromkeys(name for row in source() for name in _flat(row)))
    writer = csv.writer(target, lineterminator="\r\n")
    if excel:
        target.write("\ufeff")
    writer.writerow([_guarded(c) for c in columns] if excel else columns)
    count = 0
    for row in source():
        cells = _flat(row)
        texts = [cells.get(c, "") for c in columns]
        writer.writerow([_guarded(t) for t in texts] if excel else texts)
        count += 1
    return count


def _flat(row: Row) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, value in row.items():
        if name in ("item", "data") and _is_flat(value, nested=name == "data"):
            cells.update({f"{name}.{key}": _cell(inner) for key, inner in value.items()})
        else:
            cells[name] = _cell(value)
    return cells


def _is_flat(value: Any, *, nested: bool) -> bool:
    """Answers become columns always, items when they are rows of plain values."""
    return isinstance(value, dict) and (nested or not any(isinstance(v, dict | list) for v in value.values()))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _guarded(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
