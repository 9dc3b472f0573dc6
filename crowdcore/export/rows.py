"""Answers as rows: one per agent with unit work, streamed, in the order in which the work was begun.

A row is a dict: run, task, agent, unit, assignment, ordinal, seat, worker, provider, simulated, visit,
status (of the unit), reason, started_at and ended_at (ISO 8601, UTC), seconds, item (JSON),
data (the parsed answer, JSON), unparsed (null, or {"why", "state"} if the task's code could not parse it: data is then
what was submitted), files (list of {"field", "name", "size", "sha256", "type", "path"}, the path below the data
directory), draft (what the page had saved of work that was not submitted, JSON), late (null, or {"at", "data",
"unparsed"}: a submission that came when somebody else had the unit), kind (unit, screening, gold, onboarding), passed
(what was judged), after_task (answers to the short form, on the last unit of a visit), notes (what the worker wrote to
the author or as a tip: list of {"kind", "text", "status"}), config_hash, plugins ({plugin: version}).

Where people worked together, rows also have conversation (its id), name (how the others read this one), bot (null,
or who a stand-in is: {"name", "model", "version", "instructions"}), conversation_ended (why), conversation_data
(JSON that the blueprint kept) and messages: everything that people and bots said, see
`crowdcore.work.transcripts`. Bots have rows of their own (kind bot) if `special` says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from crowdcore.export.answers import Answer, Answers
from crowdcore.store import FileStore
from crowdcore.store.queries import agents, comments, conversations, runs, uploads
from crowdcore.work import transcripts

if TYPE_CHECKING:
    from crowdcore.store import Conn, Database
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.runs import RunRow

Row = dict[str, Any]
PAGE = 4_000_000
"""Characters of answers that are in memory at once, or one answer."""


def rows(
    database: Database, task: str, answers: Answers, *, unfinished: bool = False, simulated: bool = False,
    special: tuple[str, ...] = (),
) -> Iterator[Row]:  # fmt: skip
    """Every row of the task's runs, oldest run first; at most one page of agents is in memory.

    `special` are kinds of work besides that of people on the task's data: onboarding, screening, gold, bot.
    """
    store = FileStore(database.folder / "files")
    for run in database.read(lambda c: runs.of_task(c, task)):
        after = 0
        live = database.read(lambda c, r=run: conversations.any_in_run(c, r.id))  # type: ignore[misc]
        while True:
            page = database.read(lambda c, r=run, a=after: _page(c, r.id, a, unfinished, simulated, special))  # type: ignore[misc]
            if not page:
                break
            after = page[-1].agent.id
            for one in page:
                row = _row(store, run, one, answers)
                if live:
                    row |= database.read(lambda c, w=one.agent: _together(c, w))  # type: ignore[misc]
                yield row


class _Work(NamedTuple):
    """An agent with what belongs to it in other tables."""

    agent: AgentRow
    uploads: list[dict[str, Any]]
    after_task: Any
    notes: list[dict[str, str]]
    late: str | None


def _page(
    conn: Conn, run_id: int, after: int, unfinished: bool, simulated: bool, special: tuple[str, ...]
) -> list[_Work]:
    page = agents.page(conn, run_id, after, unfinished=unfinished, simulated=simulated, special=special, room=PAGE)
    has_notes, has_forms = comments.any_in_run(conn, run_id), agents.any_after_task(conn, run_id)
    has_late = unfinished and agents.late_count(conn, run_id) > 0
    return [_work(conn, agent, has_notes, has_forms, has_late) for agent in page]


def _work(conn: Conn, agent: AgentRow, has_notes: bool, has_forms: bool, has_late: bool) -> _Work:
    form = agents.after_task(conn, agent) if has_forms else None
    written = comments.of_agent(conn, agent.id) if has_notes else []
    if has_notes and form is not None:
        written += comments.of_agent(conn, form[0])
    said = [{"kind": n.kind, "text": n.text, "status": n.status} for n in written]
    late = agents.late(conn, agent.id) if has_late else None
    answers = None if form is None else json.loads(form[1])["data"]
    return _Work(agent, uploads.of_agent(conn, agent.id), answers, said, late)


def _row(files: FileStore, run: RunRow, work: _Work, answers: Answers) -> Row:
    agent, uploads, unit = work.agent, work.uploads, work.agent.unit
    submitted = agent.status == "completed"
    answer = Answer(None, None, None) if agent.state is None else answers.read(run, agent.id, agent.state)
    assignment = None if unit is None else unit.assignment
    # What a page uploaded and then left out of its answer is no part of it; without an answer nobody knows.
    fields = answer.fields if submitted else None
    named = {f["file"]: f["field"] for f in uploads} if fields is None else fields
    return {
        "run": run.name, "task": run.task, "agent": agent.id, "unit": unit and unit.id,
        "assignment": assignment and assignment.id,
        "ordinal": assignment.ordinal if assignment is not None and assignment.kind == "real" else None,
        "seat": unit and unit.seat, "worker": agent.worker.name,
        "provider": agent.worker.provider, "simulated": agent.worker.simulated, "visit": agent.visit.external_id,
        "status": unit.status if submitted and unit is not None else agent.status, "reason": agent.end_reason,
        "started_at": _iso(agent.started_at), "ended_at": _iso(agent.ended_at),
        "seconds": None if agent.ended_at is None else round(agent.ended_at - agent.started_at, 3),
        "item": assignment.item if assignment is not None else answer.init,
        "data": answer.data if submitted else None, "unparsed": answer.unparsed if submitted else None,
        "files": [_file(files, f, named[f["file"]]) for f in uploads if f["file"] in named],
        "draft": None if submitted or agent.draft is None else json.loads(agent.draft),
        "late": None if work.late is None else _late(run, agent, work.late, answers),
        "kind": agent.kind, "passed": agent.passed, "after_task": work.after_task, "notes": work.notes,
        "config_hash": run.config_hash, "plugins": run.plugins,
    }  # fmt: skip


def _late(run: RunRow, agent: AgentRow, text: str, answers: Answers) -> dict[str, Any]:
    kept = json.loads(text)
    answer = answers.read(run, agent.id, kept["state"])
    return {"at": _iso(kept["at"]), "data": answer.data, "unparsed": answer.unparsed}


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
