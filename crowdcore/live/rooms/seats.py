"""Seats of conversations that wait, changed in one transaction each: taken, given up, exchanged; and the start.

Whoever comes completes a conversation if they can, if need be with others who leave theirs for it; else they join
the oldest one, or open a new one. So nobody waits beside somebody they could work with.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crowdcore.live import seat_names
from crowdcore.live.rooms.plan import OTHERS, Plan, Planner
from crowdcore.store.queries import conversations, events, units
from crowdcore.store.queries.conversations import Group, Room, Seated

if TYPE_CHECKING:
    from crowdcore.live.rooms.eligibility import Eligibility
    from crowdcore.store import Conn
    from crowdcore.store.queries.conversations import Waiting
    from crowdcore.work.context import RunContext

FINISH_SECONDS = 600.0
"""How long people have for what they send when a conversation is over."""


@dataclass
class Changes:
    """What a transaction did: conversations that wait as they are now (None: no longer), and those that began."""

    rooms: dict[int, Room | None] = field(default_factory=dict)
    started: list[int] = field(default_factory=list)
    freed: bool = False


class Seating:
    """One transaction over the seats of a run; `save` ends it. Raises Unanswered before anything was changed."""

    def __init__(self, conn: Conn, context: RunContext, eligible: Eligibility) -> None:
        self._conn = conn
        self._context = context
        self._eligible = eligible
        self._seats = context.config.blueprint.units_per_assignment
        self._now, self._service = context.clock.now(), context.service.now()
        self._members: dict[int, dict[int, Seated]] = {}
        self._groups: dict[int, Group] = {}
        self._begun: dict[int, list[int]] = {}
        self.changes = Changes()
        self.moves: list[events.Move] = []

    def seat(self, person: Waiting, avoid: Collection[int] = ()) -> bool:
        """Give somebody who waits the best free seat of assignments not in `avoid`; False if there is none."""
        planner = Planner(self._conn, self._context, self._eligible, avoid)
        me = self._newcomer(person)
        plan = planner.best(me)
        if plan is not None:
            self._carry_out(plan, {me.agent_id: me} | {m.agent_id: m for m in planner.people()}, planner.rooms)
        return plan is not None

    def look_for(self, person: Waiting) -> None:
        """As `seat`, but only to find out what plugins have to be asked: raises Unanswered, changes nothing."""
        Planner(self._conn, self._context, self._eligible).best(self._newcomer(person))

    def regroup(self) -> bool:
        """Let people who sit in different conversations begin one, if they can; whether anybody does."""
        planner = Planner(self._conn, self._context, self._eligible)
        people = planner.people()
        if len(planner.rooms) < 2 or len(people) < self._seats:
            return False
        for me in people[:OTHERS]:
            plan = planner.together(me)
            if plan is not None:
                self._carry_out(plan, {m.agent_id: m for m in people}, planner.rooms)
                return True
        return False

    def _newcomer(self, person: Waiting) -> Seated:
        since = self._service if person.since is None else person.since
        return Seated(person.agent_id, person.worker_id, 0, 0, since, person.until)

    def rise(self, agent_id: int, room: Room) -> None:
        """Somebody gives their seat up and goes on waiting, or ends."""
        self._know(room)
        self._leave(room.id, self._members[room.id][agent_id])

    def vacate(self, room: Room) -> None:
        """Everybody there gives their seat up."""
        for member in room.members:
            self.rise(member.agent_id, room)

    def decided(self, room: Room, how: str) -> None:
        """Nobody else is waited for, but it has to wait for its turn; `how` says what is done then."""
        version = conversations.changed(self._conn, room.id, None, how)
        self.changes.rooms[room.id] = replace(room, version=version, deadline=None, decided=how)

    def wait(self, room: Room, since: float) -> None:
        """Those who wait there count as having waited from `since` (service seconds)."""
        self._know(room)
        for member in room.members:
            self._members[room.id][member.agent_id] = replace(member, since=since)
        conversations.wait_from(self._conn, room.id, since)

    def alone(self, person: Waiting) -> None:
        """A conversation of one person that belongs to no assignment (an onboarding)."""
        made = conversations.create(self._conn, self._context.run_id, None, 0, self._now)
        name = seat_names.display(self._context.config, 0)
        conversations.sit(self._conn, person.agent_id, made, None, name, self._newcomer(person).since)
        self.moves.append(("conversation", made, None, "waiting"))
        self._full(made)

    def close_empty(self, conversation_id: int) -> None:
        """A conversation that waits and belongs to no assignment is over."""
        for agent_id in conversations.vacate(self._conn, conversation_id):
            conversations.rise(self._conn, agent_id)
        conversations.end(self._conn, conversation_id, "empty", self._now)
        self.moves.append(("conversation", conversation_id, "waiting", "ended"))

    def save(self, kind: str, actor: str, *, why: str = "empty", **ids: object) -> Changes:
        """Bring the conversations up to date whose seats changed, start those that are full, write the event."""
        for room_id, members in self._members.items():
            if room_id not in self.changes.started:
                self._settle(room_id, sorted(members.values(), key=lambda m: m.seat), why)
        if self.moves or kind == "pairing_decided":
            events.append(self._conn, self._context.run_id, self._now, kind, actor, self.moves, **ids)
        for conversation_id, begun in self._begun.items():
            moves: list[events.Move] = [("conversation", conversation_id, "waiting", "live")]
            moves += [("agent", agent_id, "waiting", "in_task") for agent_id in begun]
            events.append(
                self._conn, self._context.run_id, self._now, "conversation_started", "service", moves,
                conversation=conversation_id, agents=begun,
            )  # fmt: skip
        return self.changes

    def start(self, conversation_id: int) -> bool:
        """Let a conversation begin, unless too many go on already; whether it did."""
        if not self.has_room():
            return False
        config = self._context.config
        until = self._service + (config.pairing.max_duration or config.task.assignment_duration)
        begun = conversations.begin(self._conn, conversation_id, self._now, until, until + FINISH_SECONDS)
        self._begun[conversation_id] = begun
        self.changes.started.append(conversation_id)
        self.changes.rooms[conversation_id] = None
        return True

    def has_room(self) -> bool:
        """Whether one more conversation may go on."""
        most, live = self._context.config.pairing.max_conversations, self._context.live
        lingering = 0 if live is None else live.lingering
        return not most or conversations.count(self._conn, self._context.run_id, "live") + lingering < most

    def _carry_out(self, plan: Plan, people: dict[int, Seated], rooms: Sequence[Room]) -> None:
        conn, config = self._conn, self._context.config
        for room in rooms:
            if any(m.agent_id in plan.places for m in room.members):
                self._know(room)
        if plan.room is None:
            target = conversations.create(
                conn, self._context.run_id, plan.group.assignment_id, plan.group.base, self._now
            )
            self.moves.append(("conversation", target, None, "waiting"))
            self._groups[target], self._members[target] = plan.group, {}
        else:
            target = plan.room.id
            self._know(plan.room)
        at = {agent_id: room_id for room_id, members in self._members.items() for agent_id in members}
        moving = [a for a, seat in plan.places.items() if people[a].unit_id != seat.unit_id]
        for agent_id in moving:
            if agent_id in at:
                self._leave(at[agent_id], people[agent_id])
        for agent_id in moving:
            seat, person = plan.places[agent_id], people[agent_id]
            units.take(conn, seat.unit_id, person.worker_id)
            conversations.sit(
                conn, agent_id, target, seat.unit_id, seat_names.display(config, seat.number), person.since
            )
            self.moves.append(("unit", seat.unit_id, "launched", "assigned"))
            self._members[target][agent_id] = Seated(
                agent_id, person.worker_id, seat.unit_id, seat.number, person.since, person.until
            )

    def _know(self, room: Room) -> None:
        self._members.setdefault(room.id, {m.agent_id: m for m in room.members})
        self._groups.setdefault(room.id, Group(room.assignment_id, room.base))

    def _leave(self, room_id: int, member: Seated) -> None:
        units.release(self._conn, member.unit_id, expire=False, reason="left while waiting")
        conversations.rise(self._conn, member.agent_id)
        self.moves.append(("unit", member.unit_id, "assigned", "launched"))
        del self._members[room_id][member.agent_id]
        self.changes.freed = True

    def _settle(self, room_id: int, members: list[Seated], why: str) -> None:
        group = self._groups[room_id]
        if not members:
            conversations.end(self._conn, room_id, why, self._now)
            self.moves.append(("conversation", room_id, "waiting", "ended"))
            self.changes.rooms[room_id] = None
        elif not conversations.free_seats(self._conn, group.assignment_id, group.base, self._seats):
            self._full(room_id, group, members)
        else:
            until = min(m.since for m in members) + self._context.config.pairing.timeout
            deadline = min(until, *(m.until for m in members))
            version = conversations.changed(self._conn, room_id, deadline)
            self.changes.rooms[room_id] = Room(
                room_id, group.assignment_id, group.base, version, deadline, tuple(members)
            )

    def _full(self, room_id: int, group: Group | None = None, members: Sequence[Seated] = ()) -> None:
        if self.start(room_id):
            return
        version = conversations.changed(self._conn, room_id, None)
        if group is not None:
            self.changes.rooms[room_id] = Room(room_id, group.assignment_id, group.base, version, None, tuple(members))
