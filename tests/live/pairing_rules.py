"""What must hold between people who wait, sit and talk: `broken` says what does not, from the tables and what a test
knows of the people (who is there, since when, who did nothing wrong)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crowdcore.status import OPEN_AGENT
from crowdcore.store import Conn
from crowdcore.store.upkeep import consistency, live_consistency
from crowdcore.store.upkeep.audit import replay


@dataclass
class Person:
    """One piece of work (agent) of one worker, as the test has seen it; times are service seconds."""

    worker: str
    there: bool = False
    came: float | None = None
    """When they were there for the first time."""
    gone_since: float | None = None
    gave_back: bool = False
    away_too_long: bool = False


@dataclass
class World:
    """What is known beside the tables. `can(worker, n)`: whether a worker may do item n."""

    seats: int
    timeout: float
    grace: float
    on_timeout: str
    on_partner_left: str
    most: int
    reward: Decimal
    waiting_pay: Decimal
    can: Callable[[str, int], bool]
    people: dict[int, Person] = field(default_factory=dict)
    slack: float = 0.0
    """Seconds of service that crashes have taken back."""


Rows = list[Mapping[str, Any]]


def broken(conn: Conn, world: World, now: float) -> Iterator[str]:
    """Everything that is wrong when the run has served `now` seconds, and all that was due has happened."""
    people = conn.all(
        "SELECT g.id, g.status, g.end_reason, g.kind, g.unit_id, g.conversation_id, g.deadline, g.waiting_from,"
        " g.visit_id, g.worker_id, w.name AS worker, c.status AS conversation, c.deadline AS until, c.started_at"
        " FROM agent g JOIN worker w ON w.id = g.worker_id LEFT JOIN conversation c ON c.id = g.conversation_id"
        " ORDER BY g.id"
    )
    yield from replay(conn, 1)
    for rule in (consistency.ledger, consistency.seats, consistency.ordinals, *live_consistency.RULES):
        yield from rule(conn, 1)
    live = conn.value("SELECT COUNT(*) FROM conversation WHERE status = 'live'")
    no_room = bool(world.most) and live >= world.most and world.on_timeout in ("launch_reduced", "stand_in")
    for fault in live_consistency.overdue(conn, 1, now):
        if not (no_room and fault.startswith("conversation") and " is waiting" in fault):
            yield fault
    yield from _one_each(people)
    yield from _suited(conn, world)
    yield from _presence(people, world, now)
    yield from () if no_room else _waits(people, world, now)
    yield from _left_waiting(conn, people, world)
    yield from _stayed(people, world)
    yield from _paid(conn, people, world)


def _one_each(people: Rows) -> Iterator[str]:
    """Nobody has two pieces of work at a time: that is the cap of these tasks."""
    open_ones: dict[str, list[int]] = defaultdict(list)
    for row in people:
        if row["status"] in OPEN_AGENT and row["kind"] != "bot":
            open_ones[row["worker"]].append(row["id"])
    yield from (f"{worker} has agents {found} at once" for worker, found in open_ones.items() if len(found) > 1)


def _suited(conn: Conn, world: World) -> Iterator[str]:
    """Nobody has a seat that is not for them, and nobody begins an assignment twice."""
    rows = conn.all(
        "SELECT g.id, g.status, w.name, a.ordinal, c.started_at FROM agent g JOIN worker w ON w.id = g.worker_id"
        " JOIN conversation c ON c.id = g.conversation_id JOIN assignment a ON a.id = c.assignment_id"
        " WHERE g.kind <> 'bot' ORDER BY g.id"
    )
    wrong = [row for row in rows if not world.can(row["name"], row["ordinal"])]
    yield from (f"{row['name']} may not do item {row['ordinal']}" for row in wrong)
    begun = Counter((row["name"], row["ordinal"]) for row in rows if row["started_at"] is not None)
    yield from (f"{name} began item {n} {count} times" for (name, n), count in begun.items() if count > 1)


def _presence(people: Rows, world: World, now: float) -> Iterator[str]:
    """Who waits and is there has a seat, who is not there has none; who stays away too long is out."""
    for row in people:
        person = world.people.get(row["id"])
        if person is None:
            continue
        seated = row["conversation_id"] is not None
        if row["status"] == "waiting" and seated != person.there:
            yield f"{person.worker} waits; there: {person.there}, but a seat: {seated}"
        away = person.gone_since is not None and now - person.gone_since > world.grace + world.slack
        if away and row["status"] == "waiting":
            yield f"{person.worker} is away since {person.gone_since} and still waits at {now}"
        if away and row["conversation"] == "live" and row["status"] == "in_task" and world.on_partner_left != "wait":
            yield f"{person.worker} is away since {person.gone_since} and still has a seat at {now}"


def _waits(people: Rows, world: World, now: float) -> Iterator[str]:
    """Nobody who is there waits longer than was said, unless all seats are taken and it is not their turn yet."""
    for row in people:
        person = world.people.get(row["id"])
        if row["status"] != "waiting" or person is None or not person.there or row["until"] is None:
            continue
        if row["until"] < now:
            yield f"conversation {row['conversation_id']} waits at {now}, its time was {row['until']}"
        assert person.came is not None
        if world.on_timeout not in ("wait", "requeue") and now - person.came > world.timeout + world.slack:
            yield f"{person.worker} came at {person.came} and still waits at {now}"


def _left_waiting(conn: Conn, people: Rows, world: World) -> Iterator[str]:
    """No assignment could be begun by people who are there and wait elsewhere; none waits full for nothing."""
    full = {row["conversation_id"] for row in people if row["conversation"] == "waiting" and row["until"] is None}
    full.discard(None)
    live = conn.value("SELECT COUNT(*) FROM conversation WHERE status = 'live'")
    if full and (not world.most or live < world.most):
        yield f"conversations {sorted(full)} are full and do not begin, {live} are live"
    waiting = [
        row for row in people
        if row["status"] == "waiting" and row["id"] in world.people and world.people[row["id"]].there
        and row["conversation_id"] not in full
    ]  # fmt: skip
    mine = {row["unit_id"]: row["id"] for row in waiting}
    had = {
        (row["assignment_id"], row["worker_id"])
        for row in conn.all(
            "SELECT u.assignment_id, u.worker_id FROM unit u WHERE u.worker_id IS NOT NULL AND NOT EXISTS (SELECT 1"
            " FROM agent g WHERE g.unit_id = u.id AND g.status = 'waiting') UNION SELECT c.assignment_id, g.worker_id"
            " FROM agent g JOIN conversation c ON c.id = g.conversation_id WHERE c.started_at IS NOT NULL"
        )
    }
    groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for unit in conn.all(
        "SELECT u.id, u.seat, u.assignment_id, a.ordinal FROM unit u JOIN assignment a ON a.id = u.assignment_id"
        " WHERE u.status IN ('launched', 'assigned') ORDER BY u.seat"
    ):
        if unit["id"] in mine or conn.value("SELECT status FROM unit WHERE id = :id", id=unit["id"]) == "launched":
            key = (unit["assignment_id"], unit["ordinal"], unit["seat"] - unit["seat"] % world.seats)
            groups[key].append(unit["id"])
    for (assignment, n, base), free in groups.items():
        able = {r["worker"] for r in waiting if (assignment, r["worker_id"]) not in had and world.can(r["worker"], n)}
        if len(free) == world.seats and len(able) >= world.seats:
            yield f"{sorted(able)} all wait, and could begin item {n} (seats from {base} on)"


def _stayed(people: Rows, world: World) -> Iterator[str]:
    """Whoever was in a conversation, stayed in reach and gave nothing back is never put out of it."""
    for row in people:
        person = world.people.get(row["id"])
        innocent = person is not None and not person.gave_back and not person.away_too_long
        if innocent and row["started_at"] is not None and row["status"] == "ended":
            yield f"{row['worker']} stayed, but agent {row['id']} ended ({row['end_reason']})"


def _paid(conn: Conn, people: Rows, world: World) -> Iterator[str]:
    """Submitted: the reward. Released: the pay for waiting. Everybody else, and bots: nothing."""
    owed: dict[int, list[Decimal]] = defaultdict(list)
    for row in conn.all("SELECT visit_id, amount_micros FROM outbox WHERE kind = 'reward' ORDER BY id"):
        owed[row["visit_id"]].append(Decimal(row["amount_micros"]) / 1_000_000)
    expected: dict[int, list[Decimal]] = defaultdict(list)
    for row in people:
        if row["kind"] == "bot":
            continue
        if row["status"] == "completed":
            expected[row["visit_id"]].append(world.reward)
        elif row["end_reason"] == "expired" and row["id"] in _released(conn) and world.waiting_pay:
            expected[row["visit_id"]].append(world.waiting_pay)
    for visit in owed.keys() | expected.keys():
        if owed[visit] != expected[visit]:
            yield f"visit {visit} is owed {owed[visit]}, but earned {expected[visit]}"


def _released(conn: Conn) -> set[int]:
    rows = conn.all("SELECT data FROM event WHERE kind = 'agent_ended'")
    return {d["agent"] for d in (json.loads(row["data"]) for row in rows) if d.get("why") == "released"}
