"""The live part of a served run: who is connected, who sits where, and what falls due when.

The database is the truth; what is kept here follows from transactions, in the order of their commits, and can be
made anew from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crowdcore import documents
from crowdcore.errors import CrowdError, StoreError
from crowdcore.live import frames, leaving, pairing, telling
from crowdcore.live.eligibility import Eligibility, Unanswered
from crowdcore.live.hub import Hub
from crowdcore.live.seating import Changes, Seating
from crowdcore.live.talks import Talks
from crowdcore.live.timers import Timer, Timers
from crowdcore.store import agents, conversations
from crowdcore.submitting import conclude
from crowdcore.work import end_agent

if TYPE_CHECKING:
    from crowdcore.context import RunContext, Socket
    from crowdcore.live.frames import Frame
    from crowdcore.standin import StandIns
    from crowdcore.store import Conn
    from crowdcore.store.agents import AgentRow
    from crowdcore.store.conversations import Room

log = logging.getLogger("crowdcore.live")

NO_LIVE = 4404
RETRY = 1.0
"""Seconds until something is tried again that the database did not let through."""
NOTHING_LEFT = "All of this work was taken just now, and there is no more. Thank you for coming!"


class Live:
    """Fulfils `crowdcore.context.LiveWork`. Everything runs on the run's event loop."""

    def __init__(self, context: RunContext, stand_ins: StandIns | None = None, *, onboarding: bool = False) -> None:
        self._context = context
        self._stand_ins = stand_ins
        self.onboarding = onboarding
        self._loop = asyncio.get_running_loop()
        self.hub = Hub(context.db, context.clock)
        self._timers = Timers(context.clock)
        self._eligible = Eligibility(context)
        self._talks = Talks(self, context, self.hub, self._timers, self._eligible, stand_ins)
        self._rooms: dict[int, Room] = {}
        self._at: dict[int, int] = {}
        self._deadlines: dict[int, Timer] = {}
        self._graces: dict[int, Timer] = {}
        self._deciding: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._nudged = False
        self._closing = False

    # A process begins and ends

    async def resume(self) -> None:
        """Before anybody can connect: waiting seats are given up, conversations go on where they were."""
        run_id, db = self._context.run_id, self._context.db
        while rooms := await db.aread(lambda c: conversations.of_run(c, run_id, "waiting")[:100]):
            await db.awrite(lambda c, ids=rooms: self._give_up(c, ids))  # type: ignore[misc]
        for agent_id in await db.aread(lambda c: agents.waiting_ids(c, run_id)):
            self.expect(agent_id)
        for conversation_id in await db.aread(lambda c: conversations.of_run(c, run_id, "live")):
            self._talks.begin(conversation_id, resumed=True)

    def _give_up(self, conn: Conn, ids: Iterable[int]) -> None:
        work = Seating(conn, self._context, self._eligible)
        for conversation_id in ids:
            room = conversations.room(conn, conversation_id)
            if room is None:
                work.close_empty(conversation_id)
            else:
                work.vacate(room)
        work.save("live_unseated", "service", why="restarted")

    async def close(self) -> None:
        """The process ends: what goes on is taken up by the next one."""
        self._closing = True
        tasks = [*self._tasks, *self._talks.tasks()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._stand_ins is not None:
            await self._stand_ins.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the rest; what goes wrong is logged."""
        if self._closing:
            work.close()
            return
        task = self._loop.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except StoreError as error:
            log.error("%s: %s", self._context.name, error)
        except CrowdError as error:
            log.error("%s: %s", self._context.name, "; ".join(error.problems))
        except Exception:
            log.exception("%s: live work", self._context.name)

    # Connections

    def expect(self, agent_id: int) -> None:
        """This agent is to be here within the grace; else it counts as gone."""
        self._calm(agent_id)
        grace = self._context.config.pairing.disconnect_grace
        self._graces[agent_id] = self._timers.after(grace, lambda: self._grace_over(agent_id))

    def _calm(self, agent_id: int) -> None:
        timer = self._graces.pop(agent_id, None)
        if timer is not None:
            timer.cancel()

    async def serve(self, agent_id: int, after: int, socket: Socket) -> None:
        """One accepted connection of an agent, from its start to its end; frames after `after` are sent again."""
        row = await self._row(agent_id)
        if row is None or row.run_id != self._context.run_id or self._closing:
            await socket.send(frames.text(frames.error("no_live", "This work has no live part.")))
            await socket.close(NO_LIVE, "no_live")
            return
        connection = self.hub.attach(agent_id, socket)
        try:
            self._calm(agent_id)
            if row.status == "waiting":
                await self._seat(agent_id)
            else:
                self._talks.came(agent_id)
            if await self._greet(agent_id):
                await self.hub.replay(connection, after)
            while (frame := await connection.receive()) is not None:
                await self._came(agent_id, frame)
        finally:
            if self.hub.detach(connection) and not self._closing:
                await self._went(agent_id)

    async def _greet(self, agent_id: int) -> bool:
        """The first frame of a connection; False if the work is over, and the connection with it."""
        row = await self._row(agent_id)
        assert row is not None
        if row.status in ("completed", "ended"):
            self.hub.tell(agent_id, telling.over(row))
            self.hub.close(agent_id)
            return False
        if not documents.is_live(row):
            self.hub.tell(agent_id, frames.error("not_live", "This work has no live part."))
            self.hub.close(agent_id, NO_LIVE, "no_live")
            return False
        self.hub.tell(agent_id, await self.status(row))
        return True

    async def status(self, row: AgentRow) -> dict[str, Any]:
        """The status frame of an open agent."""
        room = self._rooms.get(row.conversation_id or 0)
        if row.status == "waiting":
            if room is not None:
                return telling.in_room(self._context, room, row.id)
            facts = telling.waiting(self._context, row.kind, None)
            return telling.status("waiting", "waiting", waiting=facts)
        return await self._talks.status(row)

    async def _came(self, agent_id: int, frame: Frame) -> None:
        error = await self._talks.incoming(agent_id, frame)
        if error is not None:
            self.hub.tell(agent_id, error)

    async def _went(self, agent_id: int) -> None:
        """The socket is closed: a seat in a waiting room is free at once, one in a conversation is kept for a while."""
        self.expect(agent_id)
        if not self._talks.went(agent_id):
            await self.unseat(agent_id)

    def _grace_over(self, agent_id: int) -> None:
        self._graces.pop(agent_id, None)
        if not self.hub.present(agent_id):
            self.spawn(self._gone(agent_id))

    async def _gone(self, agent_id: int) -> None:
        row = await self._row(agent_id)
        if row is None or not documents.is_live(row) or row.status not in ("waiting", "in_task"):
            return
        if row.conversation_status == "ended" or self.hub.present(agent_id):
            return  # they have until the deadline to send what they have
        if row.status == "in_task" and self._context.config.pairing.on_partner_left == "wait":
            self._talks.missing(agent_id)
        else:
            await end_agent(self._context, row, "left", actor="service")

    async def _row(self, agent_id: int) -> AgentRow | None:
        return await self._context.db.aread(lambda c: agents.get(c, agent_id))

    # Seats

    async def _seat(self, agent_id: int) -> None:
        """A seat for somebody who is here, or the end of their waiting if there is none."""
        while self.hub.present(agent_id):
            found = await self._write(lambda c: self._take_seat(c, agent_id))
            if found is not None:
                self.apply(found)
                return
            if not await self._context.more_units():
                await self._send_away(agent_id)
                return

    def _take_seat(self, conn: Conn, agent_id: int) -> Changes | None:
        person = conversations.waiting(conn, agent_id)
        if person is None or person.conversation_id is not None:
            return Changes()
        work = Seating(conn, self._context, self._eligible)
        if person.kind == "onboarding":
            work.alone(person)
        elif not work.seat(person):
            return None
        return work.save("live_seated", "worker", agent=agent_id)

    async def _write(self, transaction: Callable[[Conn], Any]) -> Any:
        """A transaction that may need answers of plugins first."""
        while True:
            try:
                return await self._context.db.awrite(transaction)
            except Unanswered as unanswered:
                await self._eligible.ask(unanswered.questions)

    async def unseat(self, agent_id: int) -> None:
        """The agent gives its seat up, if it waits in one."""

        def leave(conn: Conn) -> Changes:
            person = conversations.waiting(conn, agent_id)
            if person is None or person.conversation_id is None:
                return Changes()
            work = Seating(conn, self._context, self._eligible)
            room = conversations.room(conn, person.conversation_id)
            if room is None:
                work.close_empty(person.conversation_id)
            else:
                work.rise(agent_id, room)
            return work.save("live_unseated", "service", agent=agent_id)

        self.apply(await self._context.db.awrite(leave))

    async def _send_away(self, agent_id: int) -> None:
        """There is no work for somebody who waits."""
        row = await self._row(agent_id)
        if row is None or row.status != "waiting":
            return
        end = await pairing.parting(self._context, row, "no_work_left", NOTHING_LEFT, paid=False)
        await self._context.db.awrite(
            lambda c: pairing.send_away(c, self._context, row, end, Decimal(0), "no_work_left")
        )
        self.dismiss(row, "expired", NOTHING_LEFT)

    def apply(self, changes: Changes) -> None:
        """Follow what a transaction has done; those whom it touched are told."""
        for room_id, room in changes.rooms.items():
            before = self._rooms.pop(room_id, None)
            for member in before.members if before is not None else ():
                if self._at.get(member.agent_id) == room_id:
                    del self._at[member.agent_id]
            if room_id in self._deadlines:
                self._deadlines.pop(room_id).cancel()
            if room is not None:
                self._rooms[room_id] = room
                self._watch(room)
        for room in filter(None, changes.rooms.values()):
            for member in room.members:
                self._at[member.agent_id] = room.id
                self.hub.tell(member.agent_id, telling.in_room(self._context, room, member.agent_id))
        for conversation_id in changes.started:
            self._talks.begin(conversation_id)
        if changes.freed:
            self.nudge()

    def _watch(self, room: Room) -> None:
        if room.deadline is not None:
            left = room.deadline - self._context.service.now()
            self._deadlines[room.id] = self._timers.after(left, lambda: self._due(room.id))

    def nudge(self) -> None:
        """Units were launched or freed: look again whether people who wait can begin. From any thread."""
        if not self._nudged and not self._closing:
            self._nudged = True
            self._loop.call_soon_threadsafe(lambda: self.spawn(self._regroup()))

    async def _regroup(self) -> None:
        self._nudged = False
        if len(self._rooms) > 1:
            while True:
                changes = await self._write(self._try_regroup)
                if changes is None:
                    break
                self.apply(changes)
        if any(room.deadline is None for room in self._rooms.values()):  # perhaps more may go on at once by now
            self.apply(await self._context.db.awrite(self._start_ready))

    def _try_regroup(self, conn: Conn) -> Changes | None:
        work = Seating(conn, self._context, self._eligible)
        return work.save("live_seated", "service") if work.regroup() else None

    def _start_ready(self, conn: Conn) -> Changes:
        return leaving.start_ready(conn, self._context, self._eligible)

    # Time

    def _due(self, room_id: int, *, over: bool = False) -> None:
        """Partners did not come in time."""
        self._deadlines.pop(room_id, None)
        if room_id in self._rooms and room_id not in self._deciding:
            self._deciding.add(room_id)
            self.spawn(self._decide(room_id, over=over))

    async def _decide(self, room_id: int, *, over: bool) -> None:
        again: float | None = None
        try:
            room = self._rooms[room_id]
            over = over or self._context.service.now() >= min(m.until for m in room.members)
            decision = await pairing.decide(self._context, self._stand_ins, room, over=over)
            done = await self._write(lambda c: pairing.apply(c, self._context, self._eligible, room, decision))
            for changes in done.changes:
                self.apply(changes)
            for row in done.gone:
                note = pairing.NOTICE_PAID if getattr(decision.what, "pay", 0) else pairing.NOTICE
                self.dismiss(row, "expired", note)
            again = RETRY if done.outcome == "later" else None
        except StoreError as error:
            log.error("%s: %s", self._context.name, error)
            again = RETRY
        finally:
            self._deciding.discard(room_id)
        now = self._rooms.get(room_id)
        if now is not None and room_id not in self._deadlines:
            if again is not None:
                self._deadlines[room_id] = self._timers.after(again, lambda: self._due(room_id))
            else:
                self._watch(now)

    async def overdue(self, row: AgentRow) -> bool:
        """The agent's deadline has passed; True if that was dealt with here (it is not to be timed out)."""
        if row.status == "waiting":
            if row.conversation_id is not None:
                self._due(row.conversation_id, over=True)
            return row.conversation_id is not None
        if row.conversation_status == "live":
            self._talks.stop(row.conversation_id or 0, "max_duration")
            return True
        if row.conversation_status != "ended" or row.unit is None:
            return row.kind == "bot"
        await conclude(self._context, row)
        await self.submitted(row)
        return True

    # What happened elsewhere

    async def ended(self, row: AgentRow, reason: str) -> None:
        """This agent (here as it was before) has just ended: its page and partners are to be told."""
        self.dismiss(row, reason)
        if row.conversation_status == "live":
            await self._talks.left(row, reason)
        elif row.conversation_id is None:
            self.nudge()

    async def submitted(self, row: AgentRow) -> None:
        """This agent has just submitted: its page is to be told."""
        self._calm(row.id)
        fresh = await self._row(row.id)
        if fresh is not None and fresh.status == "completed":
            self.hub.tell(row.id, telling.over(fresh))
            self.hub.close(row.id)

    def dismiss(self, row: AgentRow, reason: str, note: str | None = None) -> None:
        """The agent has ended: its page is told, and its connection closed."""
        self._calm(row.id)
        self._eligible.forget(row.id)
        self.hub.tell(row.id, telling.over(row, reason, note))
        self.hub.close(row.id)

    async def waiting(self, row: AgentRow) -> dict[str, Any]:
        """What a page tells somebody who waits."""
        return telling.waiting(self._context, row.kind, self._rooms.get(self._at.get(row.id, 0)))
