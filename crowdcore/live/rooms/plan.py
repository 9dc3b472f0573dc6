"""Where somebody could sit, and with whom: reads only, and asks for answers of plugins that it does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.live.rooms.eligibility import Question, Unanswered
from crowdcore.live.rooms.fill import fill
from crowdcore.store.queries import conversations
from crowdcore.store.queries.conversations import Group, Room, Seat, Seated

if TYPE_CHECKING:
    from crowdcore.live.rooms.eligibility import Eligibility
    from crowdcore.store import Conn
    from crowdcore.work.context import RunContext

OTHERS = 50
"""People who wait, the longest first, who are looked at for somebody."""
AT_ONCE = 100
"""Questions to plugins that are gathered before they are asked."""


@dataclass(frozen=True)
class Plan:
    """Who is to sit where: seats of one group by agent. `room` is the conversation there, if there is one."""

    group: Group
    room: Room | None
    places: dict[int, Seat]


class Planner:
    """One look at everybody who waits, without what is in `avoid` (assignments)."""

    def __init__(
        self, conn: Conn, context: RunContext, eligible: Eligibility, avoid: Collection[int] = ()
    ) -> None:  # fmt: skip
        self._conn = conn
        self._run_id = context.run_id
        self._seats = context.config.blueprint.units_per_assignment
        self._eligible = eligible
        self._avoid = avoid
        self._free: dict[Group, list[Seat]] = {}
        self._had: dict[int, set[int]] = {}
        self._unknown: dict[Question, None] = {}
        self.rooms = [r for r in conversations.rooms(conn, self._run_id) if r.assignment_id not in avoid]

    def best(self, me: Seated) -> Plan | None:
        """For somebody without a seat: a conversation that they complete, if need be with others who leave theirs
        for it; else the oldest one that waits; else a new one. None if there is nothing. Raises Unanswered."""
        return self._completing(me) or self.together(me) or self._joining(me, self.rooms) or self._opening(me)

    def people(self) -> list[Seated]:
        """Everybody who waits in a seat, the longest first."""
        return sorted((m for r in self.rooms for m in r.members), key=lambda m: (m.since, m.agent_id))

    def together(self, me: Seated) -> Plan | None:
        """A conversation that is full with this person and others who wait elsewhere, the longest first."""
        others = [m for m in self.people() if m.worker_id != me.worker_id][:OTHERS]
        if self._seats < 2 or len(others) < self._seats - 1:
            return None
        plan: Plan | None = None
        for group, room in self._targets(me):
            plan = self._filled(group, room, me, others)
            if plan is not None or len(self._unknown) >= AT_ONCE:
                break
        self._ask()
        return plan

    def _targets(self, me: Seated) -> Iterator[tuple[Group, Room | None]]:
        """Groups that may be filled: those where somebody waits, then fresh ones."""
        self._know_had(r.assignment_id for r in self.rooms)
        for room in self.rooms:
            yield Group(room.assignment_id, room.base), room
        fresh = self._fresh(me, conversations.FRESH)
        self._know_had(group.assignment_id for group in fresh)
        for group in fresh:
            yield group, None

    def _completing(self, me: Seated) -> Plan | None:
        """The oldest conversation that only lacks this person."""
        return self._joining(me, [room for room in self.rooms if len(room.members) == self._seats - 1])

    def _joining(self, me: Seated, rooms: Sequence[Room]) -> Plan | None:
        """The lowest free seat of the oldest conversation that has one for this person."""
        self._know_had(r.assignment_id for r in rooms)
        groups = {Group(r.assignment_id, r.base): r for r in rooms if me.worker_id not in self._had[r.assignment_id]}
        found = self._first(me, groups)
        return None if found is None else Plan(found[0], groups[found[0]], {me.agent_id: found[1]})

    def _opening(self, me: Seated) -> Plan | None:
        """The first assignment that nobody has begun and this person may do."""
        limit = 1 if self._eligible.open_to_all and not self._avoid else conversations.FRESH
        found = self._first(me, self._fresh(me, limit))
        return None if found is None else Plan(found[0], None, {me.agent_id: found[1]})

    def _first(self, me: Seated, groups: Iterable[Group]) -> tuple[Group, Seat] | None:
        """The lowest free seat of the first group that has one for this person."""
        found: tuple[Group, Seat] | None = None
        for group in groups:
            seats = self._free_of(group)
            if self._answered((me,), seats):
                seat = next((seat for seat in seats if self._may(me, seat)), None)
                found = None if seat is None else (group, seat)
            if found is not None or len(self._unknown) >= AT_ONCE:
                break
        self._ask()
        return found

    def _filled(self, group: Group, room: Room | None, me: Seated, others: Sequence[Seated]) -> Plan | None:
        here = () if room is None else room.members
        had = self._had[group.assignment_id]
        seats = self._free_of(group) + [Seat(m.unit_id, m.seat) for m in here]
        must = [me, *(m for m in here if m.agent_id != me.agent_id)]
        workers = {m.worker_id for m in must}
        if len(seats) != self._seats or len(must) > len(seats) or len(workers) < len(must):
            return None
        if me not in here and me.worker_id in had:
            return None
        if not self._answered((me,), seats) or not any(self._may(me, seat) for seat in seats):
            return None
        may: list[Seated] = []
        for other in others:
            if other.worker_id not in workers and other.worker_id not in had:
                workers.add(other.worker_id)
                may.append(other)
        if len(must) + len(may) < len(seats) or not self._answered([*must, *may], seats):
            return None
        now = {m: Seat(m.unit_id, m.seat) for m in here}
        found = fill(sorted(seats, key=lambda s: s.number), must, may, self._may, now)
        return None if found is None else Plan(group, room, {m.agent_id: seat for m, seat in found.items()})

    def _fresh(self, me: Seated, limit: int) -> list[Group]:
        found = conversations.fresh(self._conn, self._run_id, me.worker_id, self._seats, limit + len(self._avoid))
        return [group for group in found if group.assignment_id not in self._avoid]

    def _free_of(self, group: Group) -> list[Seat]:
        if group not in self._free:
            found = conversations.free_seats(self._conn, group.assignment_id, group.base, self._seats)
            self._free[group] = found
        return self._free[group]

    def _know_had(self, assignments: Iterable[int]) -> None:
        unknown = [assignment for assignment in assignments if assignment not in self._had]
        if unknown:
            self._had.update(conversations.had_by(self._conn, unknown))

    def _may(self, person: Seated, seat: Seat) -> bool:
        asked = Question(person.agent_id, person.worker_id, seat.unit_id)
        return person.unit_id == seat.unit_id or bool(self._eligible.may(asked))

    def _answered(self, people: Sequence[Seated], seats: Sequence[Seat]) -> bool:
        """Whether all is known of these people and seats; else it is noted what to ask."""
        if self._eligible.open_to_all:
            return True
        asked = (Question(p.agent_id, p.worker_id, s.unit_id) for p in people for s in seats if p.unit_id != s.unit_id)
        unknown = [question for question in asked if self._eligible.may(question) is None]
        self._unknown.update(dict.fromkeys(unknown))
        return not unknown

    def _ask(self) -> None:
        """What was found counts only once everything before it is known."""
        if self._unknown:
            raise Unanswered(self._unknown)
