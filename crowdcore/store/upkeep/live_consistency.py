"""What must hold at any instant between the tables of live work, like `consistency`: faults only, one line each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crowdcore.store.upkeep.consistency import rows_of

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn

WAITING_PAY = "waiting:agent:"
"""How the key of an outbox row begins that pays somebody for having waited; the agent's id follows."""
_PERSON = "g.kind <> 'bot' AND g.conversation_id IS NOT NULL"


def conversations(conn: Conn, run_id: int | None = None) -> Iterator[str]:
    """Nobody sits twice in a conversation; who is in one is where it is; seats belong to its assignment."""
    of_one = "FROM agent g JOIN conversation c ON c.id = g.conversation_id"
    for row in rows_of(
        conn, run_id, "g.run_id",
        f"SELECT g.conversation_id AS id, g.worker_id, COUNT(*) AS n FROM agent g WHERE {_PERSON}"
        " AND g.status IN ('waiting', 'in_task', 'completed') AND :of_run"
        " GROUP BY g.conversation_id, g.worker_id HAVING COUNT(*) > 1 ORDER BY g.conversation_id",
    ):  # fmt: skip
        yield f"worker {row['worker_id']} sits {row['n']} times in conversation {row['id']}"
    for row in rows_of(
        conn, run_id, "g.run_id",
        f"SELECT g.id, g.status, c.id AS c_id, c.status AS c_status {of_one} WHERE (g.status = 'waiting'"
        " AND c.status <> 'waiting' OR g.status = 'in_task' AND c.status = 'waiting') AND :of_run ORDER BY g.id",
    ):  # fmt: skip
        yield f"agent {row['id']} is {row['status']}, but conversation {row['c_id']} is {row['c_status']}"
    for row in rows_of(
        conn, run_id, "g.run_id",
        "SELECT g.id FROM agent g WHERE g.status = 'waiting' AND g.kind = 'unit'"
        " AND (g.unit_id IS NULL) <> (g.conversation_id IS NULL) AND :of_run ORDER BY g.id",
    ):  # fmt: skip
        yield f"agent {row['id']} waits with a unit and no conversation, or the other way round"
    for row in rows_of(
        conn, run_id, "g.run_id",
        f"SELECT g.id, g.unit_id, c.id AS c_id {of_one} JOIN unit u ON u.id = g.unit_id"
        " WHERE (u.assignment_id <> c.assignment_id OR u.seat < c.base) AND :of_run ORDER BY g.id",
    ):  # fmt: skip
        yield f"agent {row['id']} has unit {row['unit_id']}, which is no seat of conversation {row['c_id']}"
    for row in rows_of(
        conn, run_id, "c.run_id",
        "SELECT MIN(c.id) AS id, COUNT(*) AS n FROM conversation c WHERE c.status <> 'ended'"
        " AND c.assignment_id IS NOT NULL AND :of_run GROUP BY c.assignment_id, c.base HAVING COUNT(*) > 1",
    ):  # fmt: skip
        yield f"conversation {row['id']} shares its seats with {row['n'] - 1} more"


def inboxes(conn: Conn, run_id: int | None = None) -> Iterator[str]:
    """What was delivered to somebody is numbered from 1 without a gap."""
    for row in rows_of(
        conn, run_id, "g.run_id",
        "SELECT i.agent_id AS id, COUNT(*) AS n, MIN(i.seq) AS first, MAX(i.seq) AS last FROM inbox i"
        " JOIN agent g ON g.id = i.agent_id WHERE :of_run GROUP BY i.agent_id"
        " HAVING MIN(i.seq) <> 1 OR MAX(i.seq) <> COUNT(*) ORDER BY i.agent_id",
    ):  # fmt: skip
        yield f"the inbox of agent {row['id']} has {row['n']} frames, numbered {row['first']} to {row['last']}"


def waiting_pay(conn: Conn, run_id: int | None = None) -> Iterator[str]:
    """Who is paid for having waited was released, and is the worker who is paid."""
    for row in rows_of(
        conn, run_id, "o.run_id",
        "SELECT o.id, g.status, g.end_reason FROM outbox o LEFT JOIN agent g"
        f" ON CAST(g.id AS TEXT) = SUBSTR(o.key, {len(WAITING_PAY) + 1}) WHERE SUBSTR(o.key, 1, 8) = 'waiting:'"
        " AND (g.id IS NULL OR g.end_reason IS NULL OR g.end_reason <> 'expired' OR g.worker_id <> o.worker_id)"
        " AND :of_run ORDER BY o.id",
    ):  # fmt: skip
        yield f"outbox row {row['id']} pays for waiting, but its agent is {row['status']} ({row['end_reason']})"


def overdue(conn: Conn, run_id: int, now: float) -> Iterator[str]:
    """What was due before `now` (service seconds) and did not happen, and who may stay for ever."""
    for kind, still_open in (("agent", "IN ('waiting', 'in_task')"), ("conversation", "<> 'ended'")):
        for row in rows_of(
            conn, run_id, "t.run_id",
            f"SELECT t.id, t.status, t.deadline FROM {kind} t WHERE t.status {still_open}"
            " AND t.deadline < :now AND :of_run ORDER BY t.id",
            now=now,
        ):  # fmt: skip
            yield f"{kind} {row['id']} is {row['status']}, {now - row['deadline']:.1f} s after its deadline"
    for row in rows_of(
        conn, run_id, "g.run_id",
        "SELECT g.id FROM agent g WHERE g.status IN ('waiting', 'in_task') AND g.kind <> 'bot'"
        " AND g.deadline IS NULL AND :of_run ORDER BY g.id",
    ):  # fmt: skip
        yield f"agent {row['id']} is open without a deadline"


RULES = (conversations, inboxes, waiting_pay)
"""What holds in every database; `overdue` only where no server runs, or its clock is the one that is looked at."""
