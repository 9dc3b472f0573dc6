"""The live part of a served run: who is connected, who sits where, and what falls due when.

The database is the truth; what is kept here follows from transactions, in the order of their commits, and can be
made anew from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from crowdcore.base.loops import tell
from crowdcore.errors import CrowdError, StoreError
from crowdcore.live import frames, notices
from crowdcore.live.hub import Hub
from crowdcore.live.rooms.eligibility import Eligibility
from crowdcore.live.rooms.rooms import Rooms
from crowdcore.live.talks.talks import Talks
from crowdcore.live.timers import Timer, Timers
from crowdcore.store.queries import agents, conversations
from crowdcore.work import documents
from crowdcore.work.end import end_agent
from crowdcore.work.submit import conclude

if TYPE_CHECKING:
    from crowdcore.live.frames import Frame
    from crowdcore.live.rooms.seats import Changes
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.units import Free
    from crowdcore.types import Refusal, Worker
    from crowdcore.work.context import RunContext, Socket

log = logging.getLogger("crowdcore.live")

NO_LIVE, BUSY, RESTARTS = 4404, 4503, 1012


class Live:
    """Fulfils `crowdcore.work.context.LiveWork`. Everything runs on the run's event loop."""

    def __init__(self, context: RunContext, *, onboarding: bool = False) -> None:
        self._context = context
        self.onboarding = onboarding
        self._loop = asyncio.get_running_loop()
        self.hub = Hub(context.db, context.clock)
        self.hub.freed = self.nudge
        self._timers = Timers(context.clock)
        self._eligible = Eligibility(context)
        self._talks = Talks(self, context, self.hub, self._timers, self._eligible)
        self._rooms = Rooms(self, context, self.hub, self._timers, self._eligible)
        self._graces: dict[int, tuple[Timer, float]] = {}  # with the time (service seconds) until when they last
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    # A process begins and ends

    async def resume(self) -> None:
        """Before anybody can connect: waiting seats are given up, conversations go on where they were."""
        run_id, db = self._context.run_id, self._context.db
        await self._rooms.give_all_up()
        for agent_id in await db.aread(lambda c: agents.waiting_ids(c, run_id)):
            self.expect(agent_id)
        for conversation_id in await db.aread(lambda c: conversations.of_run(c, run_id, "live")):
            self._talks.begin(conversation_id, resumed=True)

    async def close(self) -> None:
        """The process ends: what goes on is taken up by the next one."""
        self._closing = True
        self.hub.close_all(RESTARTS, "restarts")
        tasks = [*self._tasks, *self._talks.tasks()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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

    @property
    def lingering(self) -> int:
        """Conversations that are over and whose blueprints do not end: they still take their places."""
        return self.hub.lingering

    async def offer(self, worker: Worker) -> tuple[list[Free], Refusal | None]:
        """A seat that every plugin lets this worker take (it is not taken yet), or the last refusal."""
        context, seats = self._context, self._context.config.blueprint.units_per_assignment
        found = await context.db.aread(lambda c: conversations.offered(c, context.run_id, worker.id, seats))
        return await self._eligible.first(worker, found)

    def expect(self, agent_id: int) -> None:
        """This agent is to be here within the grace; else it counts as gone."""
        self._calm(agent_id)
        grace = self._context.config.pairing.disconnect_grace
        timer = self._timers.after(grace, lambda: self._grace_over(agent_id))
        self._graces[agent_id] = timer, self._context.service.now() + grace

    def _calm(self, agent_id: int) -> None:
        timer, _ = self._graces.pop(agent_id, (None, 0.0))
        if timer is not None:
            timer.cancel()

    async def serve(self, agent_id: int, after: int, socket: Socket) -> None:
        """One accepted connection of an agent, from its start to its end; frames after `after` are sent again."""
        row = await self._row(agent_id)
        if self._closing:  # the page comes back
            await socket.close(BUSY, "busy")
            return
        if row is None or row.run_id != self._context.run_id:
            await socket.send(frames.text(frames.error("no_live", "This work has no live part.")))
            await socket.close(NO_LIVE, "no_live")
            return
        connection = self.hub.attach(agent_id, socket)
        try:
            self._calm(agent_id)
            if row.status == "waiting":
                await self._rooms.seat(agent_id)
            else:
                self._talks.came(agent_id)
            if await self._greet(agent_id):
                await self.hub.replay(connection, after)
            while (frame := await connection.receive()) is not None:
                await self._came(agent_id, frame)
        except StoreError as error:  # the page comes back
            log.error("%s: %s", self._context.name, error)
            connection.close(BUSY, "busy")
            await connection.flushed()
        finally:
            if self.hub.detach(connection) and not self._closing:
                await self._went(agent_id)

    async def _greet(self, agent_id: int) -> bool:
        """The first frame of a connection; False if the work is over, and the connection with it."""
        row = await self._row(agent_id)
        assert row is not None
        if row.status in ("completed", "ended"):
            self.hub.tell(agent_id, notices.over(row))
            self.hub.close(agent_id)
            return False
        if not documents.is_live(row):
            self.hub.tell(agent_id, frames.error("not_live", "This work has no live part."))
            self.hub.close(agent_id, NO_LIVE, "no_live")
            return False
        if not await self._talks.opened(row):  # then everybody in it has just been told
            self.hub.tell(agent_id, await self.status(row))
        return True

    async def status(self, row: AgentRow) -> dict[str, Any]:
        """The status frame of an open agent."""
        room = self._rooms.of(row.id)
        if row.status == "waiting":
            if room is not None:
                return notices.in_room(self._context, room, row.id)
            facts = notices.waiting(self._context, row.kind, None)
            return notices.status("waiting", "waiting", waiting=facts)
        return await self._talks.status(row)

    async def _came(self, agent_id: int, frame: Frame) -> None:
        error = await self._talks.incoming(agent_id, frame)
        if error is not None:
            self.hub.tell(agent_id, error)

    async def _went(self, agent_id: int) -> None:
        """The socket is closed: a seat in a waiting room is free at once, one in a conversation is kept for a while."""
        self.expect(agent_id)
        if not self._talks.went(agent_id):
            await self._rooms.unseat(agent_id)

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

    async def unseat(self, agent_id: int) -> None:
        """The agent gives its seat up, if it waits in one."""
        await self._rooms.unseat(agent_id)

    def apply(self, changes: Changes) -> None:
        """Follow what a transaction has done."""
        if not self._closing:  # else the next process reads it
            self._rooms.apply(changes)

    def begin(self, conversation_id: int) -> None:
        """A conversation has begun."""
        self._talks.begin(conversation_id)

    def nudge(self) -> None:
        """Units were launched or freed: look again whether people who wait can begin. From any thread."""
        tell(self._loop, self._rooms.nudge)

    async def overdue(self, row: AgentRow) -> bool:
        """The agent's deadline has passed; True if that was dealt with here (it is not to be timed out)."""
        if row.status == "waiting":
            if row.conversation_id is not None:
                self._rooms.due(row.conversation_id, over=True)
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

    async def ended(self, row: AgentRow, reason: str, note: str | None = None) -> None:
        """This agent (here as it was before) has just ended: its page and partners are to be told."""
        self.dismiss(row, reason, note)
        if row.conversation_status == "live":
            await self._talks.left(row, reason)
        elif row.conversation_id is None:
            self.nudge()

    async def submitted(self, row: AgentRow) -> None:
        """This agent has just submitted: its page is to be told."""
        self._calm(row.id)
        fresh = await self._row(row.id)
        if fresh is not None and fresh.status == "completed":
            self.hub.tell(row.id, notices.over(fresh))
            self.hub.close(row.id)

    def dismiss(self, row: AgentRow, reason: str, note: str | None = None) -> None:
        """The agent has ended: its page is told, and its connection closed."""
        self._calm(row.id)
        self._eligible.forget(row.worker.id)
        self.hub.tell(row.id, notices.over(row, reason, note))
        self.hub.close(row.id)

    async def waiting(self, row: AgentRow) -> dict[str, Any]:
        """What a page tells somebody who waits."""
        told = notices.waiting(self._context, row.kind, self._rooms.of(row.id))
        _, until = self._graces.get(row.id, (None, None))
        return {**told, "connect_by": None if until is None else self._context.service.wall(until)}
