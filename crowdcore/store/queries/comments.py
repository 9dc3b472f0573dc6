"""What workers wrote to the author or for other workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row

MOST = 50
"""Notes of one agent, at most; tips shown to a worker, at most."""


@dataclass(frozen=True)
class Note:
    """One note: `kind` feedback or tip, `status` new, accepted or removed."""

    id: int
    run_id: int
    run: str
    agent_id: int
    worker_id: int
    worker: str
    visit_id: int
    unit_id: int | None
    kind: str
    text: str
    status: str
    created_at: float


_SELECT = (
    "SELECT n.id, n.run_id, r.name AS run, n.agent_id, n.worker_id, w.name AS worker, g.visit_id, n.unit_id, n.kind,"
    " n.text, n.status, n.created_at FROM note n JOIN run r ON r.id = n.run_id JOIN worker w ON w.id = n.worker_id"
    " JOIN agent g ON g.id = n.agent_id "
)


def _note(row: Row) -> Note:
    return Note(**{name: row[name] for name in Note.__dataclass_fields__})


def add(conn: Conn, agent_id: int, kind: str, text: str, now: float) -> int | None:
    """Keep a note of the agent's worker; its id, or None if the agent has written too many."""
    written = conn.value("SELECT COUNT(*) FROM note WHERE agent_id = :agent", agent=agent_id)
    if int(written) >= MOST:
        return None
    note_id: int = conn.value(
        "INSERT INTO note (run_id, agent_id, worker_id, unit_id, kind, text, status, created_at)"
        " SELECT run_id, id, worker_id, unit_id, :kind, :text, 'new', :now FROM agent WHERE id = :agent RETURNING id",
        kind=kind, text=text, now=now, agent=agent_id,
    )  # fmt: skip
    return note_id


def of_task(conn: Conn, task: str, kind: str) -> list[Note]:
    """Every note of one kind that workers of the task wrote, oldest first, removed ones too."""
    rows = conn.all(
        _SELECT + "JOIN task t ON t.id = r.task_id WHERE t.name = :task AND n.kind = :kind ORDER BY n.id",
        task=task, kind=kind,
    )  # fmt: skip
    return [_note(r) for r in rows]


def of_agent(conn: Conn, agent_id: int) -> list[Note]:
    """What the agent's worker wrote, oldest first."""
    return [_note(r) for r in conn.all(_SELECT + "WHERE n.agent_id = :agent ORDER BY n.id", agent=agent_id)]


def any_in_run(conn: Conn, run_id: int) -> bool:
    """Whether workers of the run wrote anything."""
    return conn.one("SELECT 1 FROM note WHERE run_id = :run LIMIT 1", run=run_id) is not None


def get(conn: Conn, note_id: int) -> Note | None:
    """The note with this id."""
    row = conn.one(_SELECT + "WHERE n.id = :id", id=note_id)
    return None if row is None else _note(row)


def set_status(conn: Conn, note_id: int, status: str) -> bool:
    """new, accepted or removed; False if it was that already."""
    changed = conn.execute(
        "UPDATE note SET status = :status WHERE id = :id AND status <> :status", status=status, id=note_id
    )
    return bool(changed)


def accepted_tips(conn: Conn, task_id: int) -> list[str]:
    """Texts of the task's accepted tips, newest first, at most MOST."""
    rows = conn.all(
        "SELECT n.text FROM note n JOIN run r ON r.id = n.run_id WHERE r.task_id = :task AND n.kind = 'tip'"
        " AND n.status = 'accepted' ORDER BY n.id DESC LIMIT :most",
        task=task_id, most=MOST,
    )  # fmt: skip
    return [r["text"] for r in rows]
