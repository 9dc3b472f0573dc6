"""Waiting rooms: seats taken and given up, people brought together, and what is done when partners do not come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from crowdcore.errors import StoreError
from crowdcore.live import notices
from crowdcore.live.rooms import pairing, start
from crowdcore.live.rooms.eligibility import Unanswered
from crowdcore.live.rooms.seats import Changes, Seating
from crowdcore.store.queries import agents, conversations
from crowdcore.work.end import end_blocked

if TYPE_CHECKING:
    from crowdcore.live.hub import Hub
    from crowdcore.live.rooms.eligibility import Eligibility
    from crowdcore.live.timers import Timer, Timers
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.conversations import Room
    from crowdcore.work.context import RunContext

log = logging.getLogger("crowdcore.live")

MOST_ASKED = 100
"""Of those who wait so many are asked, the first ones, whether they are still there, when somebody comes."""
RETRY = 1.0
"""Seconds until something is tried again that the database did not let through."""
NOTHING_LEFT = "All of this work was taken just now, and there is no more. Thank you for coming!"


class Engine(Protocol):
    """What waiting rooms need of the rest of live work."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the rest."""

    def begin(self, conversation_id: int) -> None:
        """A conversation has begun."""

    def dismiss(self, row: AgentRow, reason: str, note: str | None = None) -> None:
        """The agent has ended: its page is told."""


class Rooms:
    """The conversations of a run that wait, as the transactions have left them."""

    def __init__(
        self, engine: Engine, context: RunContext, hub: Hub, timers: Timers, eligible: Eligibility
    ) -> None:  # fmt: skip
        self._engine = engine
        self._context = context
        self._hub = hub
        self._timers = timers
        self._eligible = eligible
        self._rooms: dict[int, Room] = {}
        self._of: dict[int, int] = {}
        self._deadlines: dict[int, Timer] = {}
        self._deciding: set[int] = set()
        self._greeting: set[int] = set()
        self._nudged = False

    def of(self, agent_id: int) -> Room | None:
        """Where somebody waits, if they have a seat."""
        return self._rooms.get(self._of.get(agent_id, 0))

    # Seats

    async def seat(self, agent_id: int) -> None:
        """A seat for somebody who is here, or the end of their waiting if there is none. They are not told yet."""
        self._greeting.add(agent_id)  # their first frame says everything, not one for each step
        try:
            await self._find_seat(agent_id)
        finally:
            self._greeting.discard(agent_id)

    async def _find_seat(self, agent_id: int) -> None:
        no_more = False
        while self._hub.present(agent_id):
            await end_blocked(self._context)  # nobody is brought together with them
            await self._look_for_missing()
            await self._asked(agent_id)
            found = await self._write(lambda c: self._take_seat(c, agent_id))
            if found is not None:
                self.apply(found)
                return
            if no_more:
                await self._send_away(agent_id)
                return
            more = await self._context.more_units()
            if more is None:  # launching has not looked yet: they wait, and are told so
                self._engine.spawn(self._find_seat(agent_id))
                return
            no_more = not more  # the last ones may have been made after we looked

    async def _look_for_missing(self) -> None:
        """Whose network is gone gives the seat up: nobody is brought together with somebody who is not there."""
        waiting = [member.agent_id for room in self._rooms.values() for member in room.members]
        for gone in await self._hub.missing(waiting[:MOST_ASKED]):
            await self.unseat(gone)

    async def _asked(self, agent_id: int) -> None:
        """Have plugins answer what is to be known, before a transaction holds up others."""

        def look(conn: Conn) -> None:
            person = conversations.waiting(conn, agent_id)
            if person is not None and person.kind != "onboarding":
                self._seating(conn).look_for(person)

        while not self._eligible.open_to_all:
            try:
                await self._context.db.aread(look)
                return
            except Unanswered as unanswered:
                await self._eligible.ask(unanswered.questions)

    def _take_seat(self, conn: Conn, agent_id: int) -> Changes | None:
        person = conversations.waiting(conn, agent_id)
        if person is None or person.conversation_id is not None:
            return Changes()
        work = self._seating(conn)
        if person.kind == "onboarding":
            work.alone(person)
        elif not work.seat(person):
            return None
        return work.save("live_seated", "worker", agent=agent_id)

    async def unseat(self, agent_id: int) -> None:
        """The agent gives its seat up, if it waits in one."""

        def leave(conn: Conn) -> Changes:
            person = conversations.waiting(conn, agent_id)
            if person is None or person.conversation_id is None:
                return Changes()
            work = self._seating(conn)
            room = conversations.room(conn, person.conversation_id)
            if room is None:
                work.close_empty(person.conversation_id)
            else:
                work.rise(agent_id, room)
            return work.save("live_unseated", "service", agent=agent_id)

        self.apply(await self._context.db.awrite(leave))

    async def give_all_up(self) -> None:
        """After a restart nobody is there: seats that wait are free again, and are taken as people come back."""
        run_id, db = self._context.run_id, self._context.db
        while rooms := await db.aread(lambda c: conversations.of_run(c, run_id, "waiting")[:100]):
            await db.awrite(lambda c, ids=rooms: self._give_up(c, ids))  # type: ignore[misc]

    def _give_up(self, conn: Conn, ids: Iterable[int]) -> None:
        work = self._seating(conn)
        for conversation_id in ids:
            room = conversations.room(conn, conversation_id)
            if room is None:
                work.close_empty(conversation_id)
            else:
                work.vacate(room)
        work.save("live_unseated", "service", why="restarted")

    async def _send_away(self, agent_id: int) -> None:
        """There is no work for somebody who waits."""
        context = self._context
        row = await context.db.aread(lambda c: agents.get(c, agent_id))
        if row is None or row.status != "waiting":
            return
        end = await pairing.parting(context, row, "no_work_left", NOTHING_LEFT, paid=False)
        await context.db.awrite(lambda c: pairing.send_away(c, context, row, end, Decimal(0), "no_work_left"))
        self._engine.dismiss(row, "expired", NOTHING_LEFT)

    def _seating(self, conn: Conn) -> Seating:
        return Seating(conn, self._context, self._eligible)

    async def _write(self, transaction: Callable[[Conn], Any]) -> Any:
        """A transaction that may need answers of plugins first."""
        while True:
            try:
                return await self._context.db.awrite(transaction)
            except Unanswered as unanswered:
                await self._eligible.ask(unanswered.questions)

    def apply(self, changes: Changes) -> None:
        """Follow what a transaction has done; those whom it touched are told."""
        for room_id, room in changes.rooms.items():
            before = self._rooms.pop(room_id, None)
            for member in before.members if before is not None else ():
                if self._of.get(member.agent_id) == room_id:
                    del self._of[member.agent_id]
            if room_id in self._deadlines:
                self._deadlines.pop(room_id).cancel()
            if room is not None:
                self._rooms[room_id] = room
                self._watch(room)
        for room in filter(None, changes.rooms.values()):
            for member in room.members:
                self._of[member.agent_id] = room.id
                if member.agent_id not in self._greeting:
                    self._hub.tell(member.agent_id, notices.in_room(self._context, room, member.agent_id))
        for conversation_id in changes.started:
            self._engine.begin(conversation_id)
        if changes.freed:
            self.nudge()

    # People who sit apart

    def nudge(self) -> None:
        """Units were launched or freed: look again whether people who wait can begin."""
        if not self._nudged:
            self._nudged = True
            self._engine.spawn(self._regroup())

    async def _regroup(self) -> None:
        self._nudged = False
        while len(self._rooms) > 1:
            changes = await self._write(self._try_regroup)
            if changes is None:
                break
            self.apply(changes)
        if any(room.deadline is None for room in self._rooms.values()):  # perhaps more may go on at once by now
            ready = await self._context.db.awrite(lambda c: start.start_ready(c, self._context, self._eligible))
            self.apply(ready)

    def _try_regroup(self, conn: Conn) -> Changes | None:
        work = self._seating(conn)
        return work.save("live_seated", "service") if work.regroup() else None

    # Time

    def _watch(self, room: Room) -> None:
        if room.deadline is not None:
            self._look_at(room.id, room.deadline - self._context.service.now())

    def _look_at(self, room_id: int, seconds: float) -> None:
        self._deadlines[room_id] = self._timers.after(seconds, lambda: self.due(room_id))

    def due(self, room_id: int, *, over: bool = False) -> None:
        """Partners did not come in time; `over`: nor may those who are there wait longer."""
        timer = self._deadlines.pop(room_id, None)
        if timer is not None:
            timer.cancel()
        if room_id in self._rooms and room_id not in self._deciding:
            self._deciding.add(room_id)
            self._engine.spawn(self._decide(self._rooms[room_id], over=over))

    async def _decide(self, room: Room, *, over: bool) -> None:
        again = False
        try:
            over = over or self._context.service.now() >= min(m.until for m in room.members)
            decision = await pairing.decide(self._context, room, over=over)
            done = await self._write(lambda c: pairing.apply(c, self._context, self._eligible, room, decision))
            for changes in done.changes:
                self.apply(changes)
            for row in done.gone:
                self._engine.dismiss(row, "expired", pairing.notice(paid=pairing.is_paid(decision, done, row.id)))
            if done.unpaid:
                log.error("%s: %s", self._context.name, pairing.unpaid(decision, done, self._context.currency))
        except StoreError as error:
            log.error("%s: %s", self._context.name, error)
            again = True
        except Exception:
            log.exception("%s: conversation %d waits", self._context.name, room.id)
            again = True
        finally:
            self._deciding.discard(room.id)
        now = self._rooms.get(room.id)
        if now is not None and room.id not in self._deadlines:
            if again:
                self._look_at(room.id, RETRY)
            else:
                self._watch(now)
