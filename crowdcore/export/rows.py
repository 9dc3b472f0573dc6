"""Answers as rows: one per agent with unit work, streamed, in the order in which the work was begun.

A row is a dict: run, task, agent, unit, assignment, ordinal, seat, worker, provider, simulated, visit,
status (of the unit), reason, started_at and ended_at (ISO 8601, UTC), seconds, item (JSON),
data (the parsed answer, JSON), files (list of {"field", "name", "size", "sha256", "type", "path"}, the
path below the data directory), kind (unit, screening, gold, onboarding), passed (what was judged), after_task
(answers to the short form, on the last unit of a visit), notes (what the worker wrote to the author or as
a tip: list of {"kind", "text", "status"}), config_hash, plugins ({plugin: version}).

Where people worked together, rows also have conversation (its id), name (how the others read this one), bot (null,
or who a stand-in is: {"name", "model", "version", "instructions"}), conversation_ended (why), conversation_data
(JSON that the blueprint kept) and messages: everything that people and bots said, see
`crowdcore.work.transcripts`. Bots have rows of their own (kind bot) if `special` says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from crowdcore.store import FileStore
from crowdcore.store.queries import agents, comments, conversations, runs, uploads
from crowdcore.work import transcripts
from crowdcore.work.stored import stored_context

if TYPE_CHECKING:
    from crowdcore.state import AgentState
    from crowdcore.store import Conn, Database
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.runs import RunRow

Row = dict[str, Any]
StateOf = Callable[["RunRow"], "type[AgentState]"]


def rows(
    database: Database, task: str, state_of: StateOf, *, unfinished: bool = False, simulated: bool = False,
    special: tuple[str, ...] = (),
) -> Iterator[Row]:  # fmt: skip
    """Every row of the task's runs, oldest run first; at most one page of agents is in memory.

    `special` are kinds of work besides that of people on the task's data: onboarding, screening, gold, bot.
    """
    store = FileStore(database.folder / "files")
    for run in database.read(lambda c: runs.of_task(c, task)):
        state_class, after = state_of(run), 0
        live = database.read(lambda c, r=run: conversations.any_in_run(c, r.id))  # type: ignore[misc]
        while True:
            page = database.read(lambda c, r=run, a=after: _page(c, r.id, a, unfinished, simulated, special))  # type: ignore[misc]
            if not page:
                break
            for one in page:
                row = _row(store, run, one, state_class)
                yield {**row, **database.read(lambda c, w=one.agent: _together(c, w))} if live else row  # type: ignore[misc]
            after = page[-1].agent.id


class _Work(NamedTuple):
    """An agent with what belongs to it in other tables."""

    agent: AgentRow
    uploads: list[dict[str, Any]]
    after_task: Any
    notes: list[dict[str, str]]


def _page(
    conn: Conn, run_id: int, after: int, unfinished: bool, simulated: bool, special: tuple[str, ...]
) -> list[_Work]:
    page = agents.page(conn, run_id, after, unfinished=unfinished, simulated=simulated, special=special)
    has_notes, has_forms = comments.any_in_run(conn, run_id), agents.any_after_task(conn, run_id)
    return [_work(conn, agent, has_notes, has_forms) for agent in page]


def _work(conn: Conn, agent: AgentRow, has_notes: bool, has_forms: bool) -> _Work:
    form = agents.after_task(conn, agent) if has_forms else None
    written = comments.of_agent(conn, agent.id) if has_notes else []
    if has_notes and form is not None:
        written += comments.of_agent(conn, form[0])
    said = [{"kind": n.kind, "text": n.text, "status": n.status} for n in written]
    return _Work(agent, uploads.of_agent(conn, agent.id), None if form is None else json.loads(form[1])["data"], said)


def _row(files: FileStore, run: RunRow, work: _Work, state_class: type[AgentState]) -> Row:
    agent, uploads = work.agent, work.uploads
    unit, state = agent.unit, None if agent.state is None else state_class.load_data(agent.state)
    assignment = None if unit is None else unit.assignment
    submitted = agent.status == "completed"
    named = {f["file"]: f["field"] for f in state.files} if state is not None and submitted else {}
    return {
        "run": run.name, "task": run.task, "agent": agent.id, "unit": unit and unit.id,
        "assignment": assignment and assignment.id,
        "ordinal": assignment.ordinal if assignment is not None and assignment.kind == "real" else None,
        "seat": unit and unit.seat, "worker": agent.worker.name,
        "provider": agent.worker.provider, "simulated": agent.worker.simulated, "visit": agent.visit.external_id,
        "status": unit.status if submitted and unit is not None else agent.status, "reason": agent.end_reason,
        "started_at": _iso(agent.started_at), "ended_at": _iso(agent.ended_at),
        "seconds": None if agent.ended_at is None else round(agent.ended_at - agent.started_at, 3),
        "item": assignment.item if assignment is not None else state and state.init,
        "data": state.get_parsed_data() if state is not None and submitted else None,
        "files": [_file(files, f, named[f["file"]]) for f in uploads if f["file"] in named],
        "kind": agent.kind, "passed": agent.passed, "after_task": work.after_task, "notes": work.notes,
        "config_hash": run.config_hash, "plugins": run.plugins,
    }  # fmt: skip


def _together(conn: Conn, agent: AgentRow) -> Row:
    """What a row also has where people worked together."""
    names = ("conversation", "name", "bot", "conversation_ended", "conversation_data", "messages")
    if agent.conversation_id is None:
        return dict.fromkeys(names)
    found = conversations.get(conn, agent.conversation_id)
    kept = None if found.data is None else json.loads(found.data)
    said = transcripts.messages(conn, found.id)
    return dict(zip(names, (found.id, agent.name, transcripts.about(agent.bot), found.reason, kept, said), strict=True))


def _file(files: FileStore, upload: dict[str, Any], field: str) -> dict[str, Any]:
    kept = {k: upload[k] for k in ("name", "size", "sha256", "type")}
    return {"field": field, **kept, "path": str(files.path(upload["sha256"]).relative_to(files.folder.parent))}


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def states(database: Database) -> StateOf:
    """Finds the AgentState class of a run, from its stored configuration and the snapshot of its sources."""

    def of(run: RunRow) -> type[AgentState]:
        return asyncio.run(stored_context(database, run)).state_class

    return of
