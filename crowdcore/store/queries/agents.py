"""Agents: one piece of work each, with its state, draft and answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.status import AgentStatus, check_move
from crowdcore.store.queries import units
from crowdcore.types import Unit, Visit, Worker

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row


@dataclass(frozen=True)
class AgentRow:
    """An agent with everything around it. `deadline` is in the run's service seconds."""

    id: int
    run_id: int
    kind: str
    status: str
    end_reason: str | None
    deadline: float | None
    state: str | None
    draft: str | None
    answer: str | None
    started_at: float
    ended_at: float | None
    worker: Worker
    visit: Visit
    visit_status: str
    completion: str | None
    unit: Unit | None
    passed: bool | None = None
    bot: str | None = None
    conversation_id: int | None = None
    conversation_status: str | None = None
    waiting_from: float | None = None
    name: str | None = None
    blocked: str | None = None
    """Why the worker is blocked, None if they are not."""


_SELECT = (
    "SELECT g.id, g.run_id, g.kind, g.status, g.end_reason, g.deadline, g.state, g.draft, g.answer, g.started_at,"
    " g.ended_at, w.id, w.name, w.provider, w.simulated, v.id, v.external_id, v.params, v.status, v.completion,"
    " g.passed, g.bot, g.conversation_id, c.status, g.waiting_from, g.name, w.blocked,"
    f" {units.UNIT_COLUMNS}"
    " FROM agent g JOIN worker w ON w.id = g.worker_id JOIN visit v ON v.id = g.visit_id"
    " LEFT JOIN unit u ON u.id = g.unit_id LEFT JOIN assignment a ON a.id = u.assignment_id"
    " LEFT JOIN conversation c ON c.id = g.conversation_id "
)
_WITH_DRAFT = _SELECT.replace("g.state,", "CASE WHEN g.status <> 'completed' THEN g.state END,")
_AT_WORK = _WITH_DRAFT.replace("g.draft,", "NULL,")


def _row(row: Row) -> AgentRow:
    """The columns of _SELECT, by their places: names are looked up one after the other, and calls wait for this."""
    (
        id, run_id, kind, status, end_reason, deadline, state, draft, answer, started_at,
        ended_at, w_id, w_name, w_provider, w_simulated, v_id, v_external, v_params, v_status, v_completion,
        passed, bot, conversation_id, c_status, waiting_from, name, blocked, *unit,
    ) = row  # fmt: skip
    return AgentRow(
        id, run_id, kind, status, end_reason, deadline, state, draft, answer, started_at, ended_at,
        Worker(w_id, w_name, w_provider, bool(w_simulated)),
        Visit(v_id, v_external, json.loads(v_params)), v_status, v_completion,
        None if unit[0] is None else units.unit_from(*unit),
        None if passed is None else bool(passed),
        bot, conversation_id, c_status, waiting_from, name, blocked,
    )  # fmt: skip


def at_work(conn: Conn, agent_id: int, *, draft: bool = False) -> AgentRow | None:
    """The agent as calls of its page need it: without the state of a submission, and without draft unless asked for.

    Both may be megabytes, and pages ask every few seconds.
    """
    row = conn.one((_WITH_DRAFT if draft else _AT_WORK) + "WHERE g.id = :id", id=agent_id)
    return None if row is None else _row(row)


def get(conn: Conn, agent_id: int) -> AgentRow | None:
    """The agent with this id."""
    row = conn.one(_SELECT + "WHERE g.id = :id", id=agent_id)
    return None if row is None else _row(row)


def statuses(conn: Conn, agent_id: int) -> tuple[str, str]:
    """The status of an agent and that of its visit (it exists): what a transaction has to read again."""
    row = conn.one(
        "SELECT g.status, v.status FROM agent g JOIN visit v ON v.id = g.visit_id WHERE g.id = :id", id=agent_id
    )
    assert row is not None
    return row[0], row[1]


def open_of_visit(conn: Conn, visit_id: int) -> AgentRow | None:
    """The visit's open agent."""
    row = conn.one(_SELECT + "WHERE g.visit_id = :visit AND g.status IN ('waiting', 'in_task')", visit=visit_id)
    return None if row is None else _row(row)


def open_of_worker(conn: Conn, run_id: int, worker_id: int) -> AgentRow | None:
    """The worker's oldest open agent of the run."""
    row = conn.one(
        _SELECT + "WHERE g.id = (SELECT MIN(id) FROM agent"  # not ORDER BY g.id: that would walk the whole run
        " WHERE worker_id = :worker AND run_id = :run AND status IN ('waiting', 'in_task'))",
        worker=worker_id, run=run_id,
    )  # fmt: skip
    return None if row is None else _row(row)


def open_of_blocked(conn: Conn, run_id: int) -> list[int]:
    """The open agents of workers who are blocked, the oldest first."""
    rows = conn.all(
        "SELECT g.id FROM agent g JOIN worker w ON w.id = g.worker_id"
        " WHERE g.run_id = :run AND g.status IN ('waiting', 'in_task') AND w.blocked IS NOT NULL ORDER BY g.id",
        run=run_id,
    )  # fmt: skip
    return [row["id"] for row in rows]


def open_of_external(conn: Conn, run_id: int, external_id: str) -> AgentRow | None:
    """The open agent of the visit that the provider calls `external_id`."""
    row = conn.one(
        _SELECT + "WHERE v.run_id = :run AND v.external_id = :external AND g.status IN ('waiting', 'in_task')",
        run=run_id, external=external_id,
    )  # fmt: skip
    return None if row is None else _row(row)


def of_conversation(conn: Conn, conversation_id: int) -> list[AgentRow]:
    """Everybody who has sat in a conversation since it began, bots too, the oldest first."""
    return [_row(r) for r in conn.all(_SELECT + "WHERE g.conversation_id = :id ORDER BY g.id", id=conversation_id)]


def last_of_visit(conn: Conn, visit_id: int) -> AgentRow | None:
    """The visit's newest agent, whatever its status, as `at_work` has it with its draft."""
    row = conn.one(_WITH_DRAFT + "WHERE g.visit_id = :visit ORDER BY g.id DESC LIMIT 1", visit=visit_id)
    return None if row is None else _row(row)


def of_kind_in_visit(conn: Conn, visit_id: int, kind: str) -> AgentRow | None:
    """The visit's newest agent of one kind, whatever its status."""
    row = conn.one(
        _SELECT + "WHERE g.visit_id = :visit AND g.kind = :kind ORDER BY g.id DESC LIMIT 1", visit=visit_id, kind=kind
    )
    return None if row is None else _row(row)


def any_after_task(conn: Conn, run_id: int) -> bool:
    """Whether the run has shown an after-task form."""
    sql = "SELECT 1 FROM agent WHERE run_id = :run AND kind = 'after_task' AND kind <> 'unit' LIMIT 1"
    return conn.one(sql, run=run_id) is not None


def after_task(conn: Conn, row: AgentRow) -> tuple[int, str] | None:
    """The answered after-task form (agent, state) of a visit, for the last unit that was done in it."""
    found = conn.one(
        "SELECT id, state FROM agent WHERE visit_id = :visit AND kind = 'after_task' AND status = 'completed'"
        " AND :agent = (SELECT MAX(id) FROM agent WHERE visit_id = :visit AND unit_id IS NOT NULL"
        " AND status = 'completed')",
        visit=row.visit.id, agent=row.id,
    )  # fmt: skip
    return None if found is None else (found["id"], found["state"])


def page(
    conn: Conn, run_id: int, after: int, *, unfinished: bool, simulated: bool, special: tuple[str, ...] = (),
    limit: int = 500, room: int,
) -> list[AgentRow]:  # fmt: skip
    """A keyset page of the run's agents with work on its task data (ids above `after`): one, or what has `room`.

    `unfinished`: also without submission. `special`: also agents of these kinds (onboarding, screening, gold, bot).
    `room` is how many characters their states, drafts and late submissions may have together.
    """
    kinds = {f"k{n}": kind for n, kind in enumerate(special)}
    others = f" OR g.kind IN ({', '.join(f':{name}' for name in kinds)})" if kinds else ""
    where = (
        f"WHERE g.run_id = :run AND g.id > :after AND (a.kind = 'real'{others}) AND (g.kind <> 'bot' OR :bots)"
        " AND (:unfinished OR g.status = 'completed') AND (:simulated OR w.simulated = :no)"
    )
    given = {"run": run_id, "unfinished": unfinished, "simulated": simulated, "bots": "bot" in special, "no": False,
             **kinds}  # fmt: skip
    sizes = conn.all(
        "SELECT g.id, COALESCE(LENGTH(g.state), 0) + COALESCE(LENGTH(g.draft), 0) + COALESCE(LENGTH(g.late), 0) AS size"
        " FROM agent g JOIN worker w ON w.id = g.worker_id LEFT JOIN unit u ON u.id = g.unit_id"
        f" LEFT JOIN assignment a ON a.id = u.assignment_id {where} ORDER BY g.id LIMIT :limit",
        after=after, limit=limit, **given,
    )  # fmt: skip
    last = None
    for row in sizes:
        room -= row["size"]
        if last is not None and room < 0:
            break
        last = row["id"]
    if last is None:
        return []
    rows = conn.all(_SELECT + f"{where} AND g.id <= :last ORDER BY g.id", after=after, last=last, **given)
    return [_row(r) for r in rows]


def create(
    conn: Conn, *, run_id: int, visit_id: int, worker_id: int, unit_id: int | None, kind: str,
    deadline: float | None, now: float, state: str | None = None, answer: str | None = None,
    status: AgentStatus = "in_task",
) -> int:  # fmt: skip
    """A new agent; returns its id. `answer` is kept for its end (an after-task form's)."""
    agent_id: int = conn.value(
        "INSERT INTO agent (run_id, visit_id, worker_id, unit_id, kind, status, deadline, started_at, state, answer)"
        " VALUES (:run, :visit, :worker, :unit, :kind, :status, :deadline, :now, :state, :answer) RETURNING id",
        run=run_id, visit=visit_id, worker=worker_id, unit=unit_id, kind=kind, status=status, deadline=deadline,
        now=now, state=state, answer=answer,
    )  # fmt: skip
    return agent_id


def complete(
    conn: Conn, agent_id: int, source: str, state: str, answer: str | None, now: float, passed: bool | None = None
) -> bool:
    """`source` -> completed with state, answer and judgement of its submission; False if it was not there."""
    check_move("agent", source, "completed")
    return bool(
        conn.execute(
            "UPDATE agent SET status = 'completed', end_reason = NULL, deadline = NULL, draft = NULL,"
            " state = :state, answer = :answer, ended_at = :now, passed = :passed WHERE id = :id AND status = :source",
            state=state, answer=answer, now=now, passed=passed, id=agent_id, source=source,
        )
    )  # fmt: skip


def end(conn: Conn, agent_id: int, reason: str, now: float) -> str | None:
    """waiting | in_task -> ended for `reason`; returns the status before, None if it was not open."""
    row = conn.one("SELECT status FROM agent WHERE id = :id AND status IN ('waiting', 'in_task')", id=agent_id)
    if row is None:
        return None
    check_move("agent", row["status"], "ended")
    conn.execute(
        "UPDATE agent SET status = 'ended', end_reason = :reason, deadline = NULL, ended_at = :now WHERE id = :id",
        reason=reason, now=now, id=agent_id,
    )  # fmt: skip
    return str(row["status"])


def set_draft(conn: Conn, agent_id: int, draft: str) -> bool:
    """Keep what the page saved; False if the agent is not open."""
    return bool(
        conn.execute(
            "UPDATE agent SET draft = :draft WHERE id = :id AND status IN ('waiting', 'in_task')",
            draft=draft, id=agent_id,
        )
    )  # fmt: skip


def set_state(conn: Conn, agent_id: int, state: str) -> None:
    """Keep an open agent's state."""
    conn.execute(
        "UPDATE agent SET state = :state WHERE id = :id AND status IN ('waiting', 'in_task')",
        state=state, id=agent_id,
    )  # fmt: skip


def set_answer(conn: Conn, agent_id: int, answer: str) -> None:
    """Keep what a submission was answered with, for its repeats."""
    conn.execute("UPDATE agent SET answer = :answer WHERE id = :id", answer=answer, id=agent_id)


def set_late(conn: Conn, agent_id: int, late: str) -> bool:
    """Keep a submission that came too late to count; False if one is kept already."""
    return bool(conn.execute("UPDATE agent SET late = :late WHERE id = :id AND late IS NULL", late=late, id=agent_id))


def late(conn: Conn, agent_id: int) -> str | None:
    """The submission that came too late to count (JSON text)."""
    text: str | None = conn.value("SELECT late FROM agent WHERE id = :id", id=agent_id)
    return text


def late_count(conn: Conn, run_id: int) -> int:
    """How many submissions of the run came too late to count."""
    return int(conn.value("SELECT COUNT(*) FROM agent WHERE run_id = :run AND late IS NOT NULL", run=run_id))


def due(conn: Conn, run_id: int, service_now: float, limit: int = 100) -> list[int]:
    """Ids of open agents whose deadline has passed."""
    rows = conn.all(
        "SELECT id FROM agent WHERE run_id = :run AND status IN ('waiting', 'in_task')"
        " AND deadline <= :now ORDER BY deadline LIMIT :limit",
        run=run_id, now=service_now, limit=limit,
    )  # fmt: skip
    return [r["id"] for r in rows]


def open_ids(conn: Conn, run_id: int) -> list[int]:
    """Ids of the run's open agents."""
    rows = conn.all(
        "SELECT id FROM agent WHERE run_id = :run AND status IN ('waiting', 'in_task') ORDER BY id",
        run=run_id,
    )
    return [r["id"] for r in rows]


def waiting_ids(conn: Conn, run_id: int) -> list[int]:
    """Ids of the run's agents that wait for others."""
    sql = "SELECT id FROM agent WHERE run_id = :run AND status IN ('waiting', 'in_task') AND status = 'waiting'"
    return [r["id"] for r in conn.all(sql + " ORDER BY id", run=run_id)]


def latest_deadline(conn: Conn, run_id: int) -> float | None:
    """The last deadline (service seconds) of the run's open agents, None if nobody works."""
    value: float | None = conn.value(
        "SELECT MAX(deadline) FROM agent WHERE run_id = :run AND status IN ('waiting', 'in_task')", run=run_id
    )
    return value


def counts(conn: Conn, run_id: int) -> dict[str, int]:
    """Agents of the run by status."""
    rows = conn.all("SELECT status, COUNT(*) AS n FROM agent WHERE run_id = :run GROUP BY status", run=run_id)
    return {r["status"]: r["n"] for r in rows}


def submitted_count(conn: Conn, run_id: int) -> int:
    """How many agents of the run have submitted work on a unit."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent WHERE run_id = :run AND status = 'completed' AND unit_id IS NOT NULL"
            " AND kind <> 'bot'",
            run=run_id,
        )
    )


def simulated_count(conn: Conn, run_id: int) -> int:
    """How many units of the run simulated workers have submitted, rejected ones left out."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM worker w JOIN agent g ON g.worker_id = w.id AND g.run_id = :run"
            " AND g.status = 'completed' JOIN unit u ON u.id = g.unit_id AND u.status <> 'rejected'"
            " WHERE w.simulated = :yes",
            run=run_id, yes=True,
        )
    )  # fmt: skip


def open_count(conn: Conn, run_id: int, worker_id: int) -> int:
    """How many pieces of work the worker has open in the run."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent WHERE worker_id = :worker AND run_id = :run"
            " AND status IN ('waiting', 'in_task')",
            worker=worker_id, run=run_id,
        )
    )  # fmt: skip


def task_count(conn: Conn, task_id: int, worker_id: int, since: float = 0.0) -> int:
    """How many units the worker holds or has done over all runs of the task, golds left out, begun after `since`."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent g JOIN run r ON r.id = g.run_id WHERE g.worker_id = :worker"
            " AND r.task_id = :task AND g.status IN ('waiting', 'in_task', 'completed')"
            " AND g.kind IN ('unit', 'screening') AND g.started_at > :since",
            worker=worker_id, task=task_id, since=since,
        )
    )  # fmt: skip


def run_count(conn: Conn, run_id: int, worker_id: int) -> int:
    """How many units the worker holds or has done in the run, golds left out."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent WHERE worker_id = :worker AND run_id = :run"
            " AND status IN ('waiting', 'in_task', 'completed') AND kind IN ('unit', 'screening')",
            worker=worker_id, run=run_id,
        )
    )  # fmt: skip


def has_worked(conn: Conn, visit_id: int) -> bool:
    """Whether the visit has submitted anything but onboarding; then it has earned its completion."""
    sql = "SELECT 1 FROM agent WHERE visit_id = :visit AND status = 'completed' AND kind <> 'onboarding'"
    return conn.one(sql, visit=visit_id) is not None


def completed_in_visit(conn: Conn, visit_id: int) -> int:
    """How many units the visit has completed."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent WHERE visit_id = :visit AND status = 'completed' AND unit_id IS NOT NULL",
            visit=visit_id,
        )
    )  # fmt: skip
