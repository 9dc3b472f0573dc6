"""Conversations: who sits together on which assignment, from waiting to the end.

Every function runs in a transaction of its caller, which also writes the event with the moves.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.status import check_move

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row


FRESH = 50
"""Assignments that nobody has begun which are looked at for somebody."""
_FEW, _MANY = 8, 64


@dataclass(frozen=True)
class ConversationRow:
    """One attempt at doing an assignment together; see `models.Conversation`. `deadline` is in service seconds."""

    id: int
    run_id: int
    assignment_id: int | None
    base: int
    status: str
    version: int
    seed: int
    deadline: float | None
    data: str | None
    reason: str | None
    created_at: float
    started_at: float | None
    ended_at: float | None


@dataclass(frozen=True)
class Seated:
    """Somebody who waits in a seat. `since` and `until` (when they may wait no longer) are service seconds."""

    agent_id: int
    worker_id: int
    unit_id: int
    seat: int
    since: float
    until: float


@dataclass(frozen=True)
class Waiting:
    """Somebody who waits, perhaps without a seat; `since` is None before they were there for the first time."""

    agent_id: int
    worker_id: int
    kind: str
    conversation_id: int | None
    since: float | None
    until: float


@dataclass(frozen=True)
class Room:
    """A conversation that waits, with those who sit there, by seat.

    `deadline` (service seconds): until when the others are waited for; None once nobody is missing, or nobody else is
    waited for. Then `decided` says how the empty seats are done without, as soon as there is room.
    """

    id: int
    assignment_id: int
    base: int
    version: int
    deadline: float | None
    members: tuple[Seated, ...]
    decided: str | None = None


@dataclass(frozen=True)
class Seat:
    """A unit of an assignment that may be taken; `number` counts over all groups of the assignment."""

    unit_id: int
    number: int


@dataclass(frozen=True)
class Group:
    """Units of one assignment that nobody has: `base` is the first one's seat."""

    assignment_id: int
    base: int


def get(conn: Conn, conversation_id: int) -> ConversationRow:
    """The conversation (it exists)."""
    row = conn.one("SELECT * FROM conversation WHERE id = :id", id=conversation_id)
    assert row is not None
    return _row(row)


def _row(row: Row) -> ConversationRow:
    names = ConversationRow.__dataclass_fields__
    values = {name: row[name] for name in names}
    return ConversationRow(**{**values, "seed": int(row["seed"], 16)})


_OPEN = "status <> 'ended'"
"""The condition of the index over conversations that go on: it stands in every query that is to use it."""
_ROOMS = (
    "SELECT c.id, c.assignment_id, c.base, c.version, c.deadline, c.reason, g.id AS g_id, g.worker_id, g.unit_id,"
    " g.waiting_from, g.deadline AS g_until, u.seat FROM conversation c JOIN agent g ON g.conversation_id = c.id"
    " JOIN unit u ON u.id = g.unit_id WHERE "
)


def rooms(conn: Conn, run_id: int, limit: int = 400) -> list[Room]:
    """Conversations that wait for somebody, the oldest first; `limit` counts people."""
    found = conn.all(
        _ROOMS + f"c.run_id = :run AND c.status = 'waiting' AND c.{_OPEN}"
        " AND (c.deadline IS NOT NULL OR c.reason IS NOT NULL) AND g.status = 'waiting'"
        " ORDER BY c.id, u.seat LIMIT :limit",
        run=run_id, limit=limit,
    )  # fmt: skip
    return _rooms(found)


def room(conn: Conn, conversation_id: int) -> Room | None:
    """The conversation, if it waits and somebody sits in it."""
    found = conn.all(
        _ROOMS + "c.id = :id AND c.status = 'waiting' AND g.status = 'waiting' ORDER BY u.seat", id=conversation_id
    )
    return next(iter(_rooms(found)), None)


def _rooms(rows: list[Row]) -> list[Room]:
    found: dict[int, Room] = {}
    for r in rows:
        member = Seated(r["g_id"], r["worker_id"], r["unit_id"], r["seat"], r["waiting_from"], r["g_until"])
        known = found.get(r["id"])
        members = (member,) if known is None else (*known.members, member)
        found[r["id"]] = Room(r["id"], r["assignment_id"], r["base"], r["version"], r["deadline"], members, r["reason"])
    return list(found.values())


def waiting(conn: Conn, agent_id: int) -> Waiting | None:
    """The agent, if it waits."""
    row = conn.one(
        "SELECT worker_id, kind, conversation_id, waiting_from, deadline FROM agent"
        " WHERE id = :id AND status = 'waiting'",
        id=agent_id,
    )
    return None if row is None else Waiting(agent_id, *row)


def free_seats(conn: Conn, assignment_id: int, base: int, seats: int) -> list[Seat]:
    """The units of one group that nobody has, the lowest seat first."""
    rows = conn.all(
        "SELECT id, seat FROM unit WHERE assignment_id = :assignment AND seat >= :base AND seat < :end"
        " AND status = 'launched' ORDER BY seat",
        assignment=assignment_id, base=base, end=base + seats,
    )  # fmt: skip
    return [Seat(r["id"], r["seat"]) for r in rows]


_LEFT = (
    "SELECT 1 FROM agent g JOIN conversation c ON c.id = g.conversation_id"
    " WHERE g.worker_id = :worker AND c.assignment_id = {assignment} AND c.started_at IS NOT NULL"
)
"""Whether a worker has ever begun an assignment with others, also if they left and hold no unit of it."""


def fresh(conn: Conn, run_id: int, worker_id: int, seats: int, limit: int) -> list[Group]:
    """Groups that nobody sits in, of assignments this worker has had no unit of, in the order of their first units."""
    rows = conn.all(
        "SELECT u.assignment_id, u.seat FROM unit u WHERE u.run_id = :run AND u.status = 'launched'"
        " AND u.seat % :seats = 0"
        " AND NOT EXISTS (SELECT 1 FROM unit d WHERE d.assignment_id = u.assignment_id AND d.worker_id = :worker)"
        f" AND NOT EXISTS ({_LEFT.format(assignment='u.assignment_id')})"
        " AND NOT EXISTS (SELECT 1 FROM conversation o WHERE o.assignment_id = u.assignment_id"
        " AND o.base = u.seat AND o.status = 'waiting') ORDER BY u.seat, u.id LIMIT :limit",
        run=run_id, worker=worker_id, seats=seats, limit=limit,
    )  # fmt: skip
    return [Group(r["assignment_id"], r["seat"]) for r in rows]


def offered(conn: Conn, run_id: int, worker_id: int, seats: int) -> list[Seat]:
    """Free seats that this worker might take: of conversations that wait, then of the first fresh assignments."""
    waiting = rooms(conn, run_id)
    had = had_by(conn, [r.assignment_id for r in waiting]) if waiting else {}
    groups = [Group(r.assignment_id, r.base) for r in waiting if worker_id not in had[r.assignment_id]]
    groups += fresh(conn, run_id, worker_id, seats, FRESH)
    return [seat for group in groups for seat in free_seats(conn, group.assignment_id, group.base, seats)]


def had(conn: Conn, assignment_id: int, worker_id: int) -> bool:
    """Whether the worker holds, has done or has ever begun a seat of this assignment with others."""
    sql = "SELECT 1 FROM unit WHERE assignment_id = :assignment AND worker_id = :worker UNION ALL " + _LEFT.format(
        assignment=":assignment"
    )
    return conn.one(sql, assignment=assignment_id, worker=worker_id) is not None


def had_by(conn: Conn, assignments: list[int]) -> dict[int, set[int]]:
    """For each of these assignments the workers of whom `had` is true."""
    found: dict[int, set[int]] = {assignment: set() for assignment in assignments}
    for start in range(0, len(assignments), _MANY):
        chunk = assignments[start : start + _MANY]
        size = 1 if len(chunk) == 1 else _FEW if len(chunk) <= _FEW else _MANY  # few texts, so that they are prepared
        ids = {f"a{n}": chunk[min(n, len(chunk) - 1)] for n in range(size)}
        among = ", ".join(f":{name}" for name in ids)
        for row in conn.all(
            f"SELECT assignment_id, worker_id FROM unit WHERE assignment_id IN ({among}) AND worker_id IS NOT NULL"
            " UNION SELECT c.assignment_id, g.worker_id FROM conversation c JOIN agent g ON g.conversation_id = c.id"
            f" WHERE c.assignment_id IN ({among}) AND c.started_at IS NOT NULL",
            **ids,
        ):
            found[row["assignment_id"]].add(row["worker_id"])
    return found


def create(conn: Conn, run_id: int, assignment_id: int | None, base: int, now: float) -> int:
    """A new conversation that waits, with a seed of its own; its id."""
    made: int = conn.value(
        "INSERT INTO conversation (run_id, assignment_id, base, status, version, seed, created_at)"
        " VALUES (:run, :assignment, :base, 'waiting', 0, :seed, :now) RETURNING id",
        run=run_id, assignment=assignment_id, base=base, seed=secrets.token_hex(7), now=now,
    )  # fmt: skip
    return made


def sit(conn: Conn, agent_id: int, conversation_id: int, unit_id: int | None, name: str, since: float) -> None:
    """A waiting agent takes a seat (its unit is taken by the caller); `since` is when it began to wait."""
    conn.execute(
        "UPDATE agent SET conversation_id = :conversation, unit_id = :unit, name = :name, waiting_from = :since"
        " WHERE id = :id AND status = 'waiting'",
        conversation=conversation_id, unit=unit_id, name=name, since=since, id=agent_id,
    )  # fmt: skip


def rise(conn: Conn, agent_id: int) -> None:
    """A waiting agent gives its seat up and goes on waiting (its unit is released by the caller)."""
    conn.execute(
        "UPDATE agent SET conversation_id = NULL, unit_id = NULL, name = NULL WHERE id = :id AND status = 'waiting'",
        id=agent_id,
    )


def vacate(conn: Conn, conversation_id: int) -> list[int]:
    """Those who wait in it."""
    sql = "SELECT id FROM agent WHERE conversation_id = :id AND status = 'waiting' ORDER BY id"
    return [r["id"] for r in conn.all(sql, id=conversation_id)]


def changed(conn: Conn, conversation_id: int, deadline: float | None, decided: str | None = None) -> int:
    """Its seats changed: until when it waits now (None: nobody is waited for any more); returns its new version.

    `decided` is kept as its reason for as long as it waits so.
    """
    version: int = conn.value(
        "UPDATE conversation SET version = version + 1, deadline = :deadline, reason = :decided"
        " WHERE id = :id AND status = 'waiting' RETURNING version",
        deadline=deadline, decided=decided, id=conversation_id,
    )  # fmt: skip
    return version


def wait_from(conn: Conn, conversation_id: int, since: float) -> None:
    """Those who wait there begin to wait anew."""
    conn.execute(
        "UPDATE agent SET waiting_from = :since WHERE conversation_id = :id AND status = 'waiting'",
        since=since, id=conversation_id,
    )  # fmt: skip


def begin(
    conn: Conn, conversation_id: int, now: float, deadline: float, agents_deadline: float, state: str = "waiting"
) -> list[int]:
    """waiting -> live until `deadline`, those who wait there -> in_task (service seconds); the agents' ids."""
    check_move("conversation", state, "live")
    check_move("agent", "waiting", "in_task")
    conn.execute(
        "UPDATE conversation SET status = 'live', version = version + 1, deadline = :deadline, started_at = :now,"
        " reason = NULL"
        " WHERE id = :id AND status = 'waiting'",
        deadline=deadline, now=now, id=conversation_id,
    )  # fmt: skip
    rows = conn.all(
        "UPDATE agent SET status = 'in_task', deadline = :deadline WHERE conversation_id = :id"
        " AND status = 'waiting' RETURNING id",
        deadline=agents_deadline, id=conversation_id,
    )  # fmt: skip
    return sorted(r["id"] for r in rows)


def end(conn: Conn, conversation_id: int, reason: str, now: float) -> str | None:
    """-> ended for `reason`; the status before, None if it had ended."""
    status: str = conn.value("SELECT status FROM conversation WHERE id = :id", id=conversation_id)
    if status == "ended":
        return None
    check_move("conversation", status, "ended")
    conn.execute(
        "UPDATE conversation SET status = 'ended', version = version + 1, deadline = NULL, reason = :reason,"
        " ended_at = :now WHERE id = :id",
        reason=reason, now=now, id=conversation_id,
    )  # fmt: skip
    return status


def finish_by(conn: Conn, conversation_id: int, deadline: float) -> list[int]:
    """Its people may submit until `deadline` (service seconds); their agents' ids."""
    rows = conn.all(
        "UPDATE agent SET deadline = :deadline WHERE conversation_id = :id AND status = 'in_task' AND kind <> 'bot'"
        " RETURNING id",
        deadline=deadline, id=conversation_id,
    )  # fmt: skip
    return sorted(r["id"] for r in rows)


def open_members(conn: Conn, conversation_id: int) -> int:
    """How many people (no bots) are in it and have not ended."""
    return int(
        conn.value(
            "SELECT COUNT(*) FROM agent WHERE conversation_id = :id AND status IN ('waiting', 'in_task')"
            " AND kind <> 'bot'",
            id=conversation_id,
        )
    )


def count(conn: Conn, run_id: int, status: str) -> int:
    """How many conversations of the run are waiting, or live."""
    sql = f"SELECT COUNT(*) FROM conversation WHERE run_id = :run AND status = :status AND {_OPEN}"
    return int(conn.value(sql, run=run_id, status=status))


def ready(conn: Conn, run_id: int, limit: int) -> list[int]:
    """Conversations in which nobody is missing and that have not begun, the oldest first."""
    rows = conn.all(
        f"SELECT id FROM conversation WHERE run_id = :run AND status = 'waiting' AND {_OPEN} AND deadline IS NULL"
        " ORDER BY id LIMIT :limit",
        run=run_id, limit=limit,
    )  # fmt: skip
    return [r["id"] for r in rows]


def of_run(conn: Conn, run_id: int, status: str) -> list[int]:
    """Ids of the run's conversations that are waiting, or live."""
    sql = f"SELECT id FROM conversation WHERE run_id = :run AND status = :status AND {_OPEN} ORDER BY id"
    return [r["id"] for r in conn.all(sql, run=run_id, status=status)]


def any_in_run(conn: Conn, run_id: int) -> bool:
    """Whether people have worked together in the run."""
    sql = "SELECT 1 FROM conversation WHERE run_id = :run LIMIT 1"
    return conn.one(sql, run=run_id) is not None
