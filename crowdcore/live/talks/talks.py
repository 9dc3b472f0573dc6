"""Conversations that go on in this process: begun, joined in, left, ended; and what their people are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from crowdcore.errors import CrowdError, StoreError
from crowdcore.live import frames, notices, seat_names
from crowdcore.live.talks import leave
from crowdcore.live.talks.conversation import Conversation
from crowdcore.live.talks.endings import Ending
from crowdcore.live.timers import Timer
from crowdcore.store.queries import agents, conversations
from crowdcore.work import documents
from crowdcore.work.end import end_agent
from crowdcore.work.transcripts import seat_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from crowdcore.live.frames import Frame
    from crowdcore.live.hub import Hub
    from crowdcore.live.rooms.eligibility import Eligibility
    from crowdcore.live.rooms.seats import Changes
    from crowdcore.live.talks.endings import Reason
    from crowdcore.live.timers import Timers
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.work.context import RunContext

log = logging.getLogger("crowdcore.live")

RETRY = 1.0


class Engine(Protocol):
    """What conversations need of the rest of live work."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the rest."""

    def apply(self, changes: Changes) -> None:
        """Follow what a transaction has done."""

    def dismiss(self, row: AgentRow, reason: str, note: str | None = None) -> None:
        """The agent has ended: its page is told."""

    def expect(self, agent_id: int) -> None:
        """This agent is to be here within the grace."""

    def nudge(self) -> None:
        """Units were freed."""


@dataclass
class _Going:
    """A conversation that goes on: who sits there, by seat, and who is away for longer than the grace."""

    id: int
    rows: dict[int, AgentRow]
    conversation: Conversation
    deadline: Timer
    missing: set[int] = field(default_factory=set)

    def row(self, agent_id: int) -> AgentRow | None:
        """The agent, if it sits there."""
        return next((row for row in self.rows.values() if row.id == agent_id), None)

    def people(self) -> list[AgentRow]:
        """Those who have not ended, without bots."""
        return [row for row in self.rows.values() if row.kind != "bot" and row.status == "in_task"]


class Talks:
    """The live conversations of a run."""

    def __init__(
        self, engine: Engine, context: RunContext, hub: Hub, timers: Timers, eligible: Eligibility
    ) -> None:  # fmt: skip
        self._engine = engine
        self._context = context
        self._hub = hub
        self._timers = timers
        self._eligible = eligible
        self._going: dict[int, _Going] = {}
        self._of: dict[int, int] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._opening: dict[int, asyncio.Future[None]] = {}

    def tasks(self) -> Iterable[asyncio.Task[None]]:
        """What is to be cancelled when the process ends."""
        return list(self._running.values())

    # From start to end

    def begin(self, conversation_id: int, *, resumed: bool = False) -> None:
        """A conversation has begun, or goes on after a restart."""
        if conversation_id not in self._running:
            self._opening[conversation_id] = asyncio.get_running_loop().create_future()
            task = asyncio.get_running_loop().create_task(self._run(conversation_id, resumed))
            self._running[conversation_id] = task
            task.add_done_callback(lambda _: self._running.pop(conversation_id, None))

    async def _run(self, conversation_id: int, resumed: bool) -> None:
        try:
            try:
                going = await self._open(conversation_id)
            finally:
                self._opening.pop(conversation_id).set_result(None)
            for row in going.people():
                if resumed and not self._hub.present(row.id):
                    self._engine.expect(row.id)
            self._tell(going)
            for row in list(going.rows.values()):  # it ended while nobody looked
                if row.kind != "bot" and row.status == "ended":
                    self._engine.spawn(self.left(row, row.end_reason or "left"))
            ending = await going.conversation.run()
        except Exception as error:
            log.exception("%s: conversation %d", self._context.name, conversation_id)
            ending = Ending("failed", detail=str(error))
        await self._over(conversation_id, ending)

    async def _open(self, conversation_id: int) -> _Going:
        db = self._context.db
        row, rows = await db.aread(
            lambda c: (conversations.get(c, conversation_id), agents.of_conversation(c, conversation_id))
        )
        seats: dict[int, AgentRow] = {}
        for agent in rows:  # of two in one seat, the later one has it
            seat = 0 if agent.unit is None else seat_names.number(self._context.config, agent.unit.seat)
            seats[seat] = await self._with_state(agent)
        conversation = Conversation(self._context, self._hub, self._timers, row, seats, self._context.stand_ins)
        left = (row.deadline or 0.0) - self._context.service.now()
        deadline = self._timers.after(left, lambda: conversation.stop("max_duration"))
        going = self._going[conversation_id] = _Going(conversation_id, seats, conversation, deadline)
        self._of.update({agent.id: conversation_id for agent in going.rows.values()})
        return going

    async def _with_state(self, row: AgentRow) -> AgentRow:
        """Keep the first state if making it again could give another."""
        kept = row.kind == "onboarding" or documents.keeps_init(self._context)
        if row.state is not None or row.status != "in_task" or row.kind == "bot" or not kept:
            return row
        building = await documents.Building.of(self._context, row)
        state = await building.run(building.first)
        await self._context.db.awrite(lambda c: agents.set_state(c, row.id, state))
        fresh = await self._context.db.aread(lambda c: agents.get(c, row.id))
        assert fresh is not None
        return fresh

    async def _over(self, conversation_id: int, ending: Ending) -> None:
        pairing = self._context.config.pairing
        policy = {"left": pairing.on_partner_left, "replay_mismatch": pairing.on_crash}.get(ending.reason, "")
        while True:
            try:
                over = await self._context.db.awrite(
                    lambda c: leave.conclude(c, self._context, self._eligible, conversation_id, ending, policy)
                )
                break
            except StoreError as error:  # nothing is lost by waiting
                log.error("%s: conversation %d cannot end: %s", self._context.name, conversation_id, error)
                await asyncio.sleep(RETRY)
        going = self._going.pop(conversation_id, None)
        if going is not None:
            going.deadline.cancel()
            for row in going.rows.values():
                self._of.pop(row.id, None)
        if over is None:
            return
        if over.gone is not None:
            self._engine.dismiss(over.gone, "timed_out")
        if going is not None:
            await self._tell_end(conversation_id)
        self._engine.apply(over.changes)
        if over.requeued:
            self._engine.nudge()

    # Who comes and goes

    def came(self, agent_id: int) -> None:
        """Somebody is connected (again)."""
        going = self._mine(agent_id)
        if going is not None:
            was_missed = agent_id in going.missing
            going.missing.discard(agent_id)
            self._presence(going, agent_id, present=True)
            if was_missed:
                self._tell(going)

    def went(self, agent_id: int) -> bool:
        """Somebody's connection is closed; False if they sit in no conversation that goes on."""
        going = self._mine(agent_id)
        if going is not None:
            self._presence(going, agent_id, present=False)
        return going is not None

    def missing(self, agent_id: int) -> None:
        """Somebody is away for longer than the grace, and is waited for: the others may finish without them."""
        going = self._mine(agent_id)
        if going is not None:
            going.missing.add(agent_id)
            self._tell(going)

    async def left(self, row: AgentRow, why: str) -> None:
        """Somebody's agent has ended in the middle: a bot takes the seat, or the others come to an end."""
        opening = self._opening.get(row.conversation_id or 0)
        if opening is not None:
            await asyncio.wait([opening])
        going = self._going.get(row.conversation_id or 0)
        if going is None:
            return
        seat = next((s for s, r in going.rows.items() if r.id == row.id), None)
        if seat is None:
            return
        fresh = await self._context.db.aread(lambda c: agents.get(c, row.id))
        assert fresh is not None
        going.rows[seat] = fresh
        self._of.pop(row.id, None)
        going.missing.discard(row.id)
        wanted = going.people() and (why == "replaced" or self._context.config.pairing.on_partner_left == "stand_in")
        if not (wanted and await self._seat_bot(going, seat, fresh)):
            going.conversation.gone(seat, why)
        self._tell(going)

    async def _seat_bot(self, going: _Going, seat: int, gone: AgentRow) -> bool:
        """A stand-in takes the seat; False if there is none that can."""
        if self._context.stand_ins is None or not self._context.stand_ins.bots:
            return False
        try:
            about = self._context.stand_ins.about(0)
            agent_id = await self._context.db.awrite(lambda c: leave.seat_bot(c, self._context, gone, 0, about))
        except CrowdError as error:
            log.error("%s: no stand-in for conversation %d: %s", self._context.name, going.id, error)
            return False
        row = None if agent_id is None else await self._context.db.aread(lambda c: agents.get(c, agent_id))
        if row is not None:
            going.rows[seat] = row
            await going.conversation.bot_took(seat, row)
        return True

    def stop(self, conversation_id: int, reason: Reason) -> None:
        """End a conversation now."""
        going = self._going.get(conversation_id)
        if going is not None:
            going.conversation.stop(reason)

    # What people say and are told

    async def incoming(self, agent_id: int, frame: Frame) -> dict[str, Any] | None:
        """A frame of somebody; the error that it is answered with, if it is."""
        going = self._mine(agent_id) or await self._once_open(agent_id)
        me = None if going is None else going.row(agent_id)
        if going is None or me is None:
            return frames.error("not_live", "This conversation is not going on.", frame.id or None)
        if frame.type == "message":
            await going.conversation.incoming(agent_id, frame.id, frame.data)
        elif frame.type == "typing":
            going.conversation.typed(next(seat for seat, row in going.rows.items() if row.id == agent_id))
            for row in going.people():
                if row.id != agent_id:
                    self._hub.tell(row.id, {"type": "typing", "name": me.name})
        elif not going.missing:
            return frames.error("invalid", "Nobody is missing: the conversation goes on.")
        else:
            for missing in list(going.missing):
                away = going.row(missing)
                if away is not None:
                    await end_agent(self._context, away, "left", actor="worker")
        return None

    async def opened(self, row: AgentRow) -> bool:
        """Whether the agent's conversation was just being opened; then it is open now, and its people were told."""
        opening = self._opening.get(row.conversation_id or 0)
        if opening is not None:
            await asyncio.wait([opening])
        return opening is not None and self._mine(row.id) is not None

    async def _once_open(self, agent_id: int) -> _Going | None:
        """The agent's conversation that is just being opened: who is told that it has begun may talk."""
        row = await self._context.db.aread(lambda c: agents.get(c, agent_id))
        opening = None if row is None else self._opening.get(row.conversation_id or 0)
        if opening is not None:
            await asyncio.wait([opening])
        return self._mine(agent_id)

    async def status(self, row: AgentRow) -> dict[str, Any]:
        """The status frame of somebody in a conversation, or after it."""
        going, present = self._going.get(row.conversation_id or 0), self._hub.present
        if going is not None:
            missing = bool(going.missing - {row.id})
            return notices.in_conversation(self._context, row, _by_seat(going.rows), present, missing=missing)
        found, rows = await self._context.db.aread(
            lambda c: (
                conversations.get(c, row.conversation_id or 0),
                agents.of_conversation(c, row.conversation_id or 0),
            )
        )
        if found.status != "ended":  # it is being opened
            return notices.in_conversation(self._context, row, rows, present)
        last = {seat_of(each): each for each in rows}  # of two who had a seat one after the other
        return notices.after(self._context, row, _by_seat(last), present, found.reason)

    def _tell(self, going: _Going) -> None:
        """Send everybody the state of things."""
        for row in going.people():
            if self._hub.present(row.id):
                missing = bool(going.missing - {row.id})
                frame = notices.in_conversation(
                    self._context, row, _by_seat(going.rows), self._hub.present, missing=missing
                )
                self._hub.tell(row.id, frame)

    async def _tell_end(self, conversation_id: int) -> None:
        rows = await self._context.db.aread(lambda c: agents.of_conversation(c, conversation_id))
        for row in rows:
            if row.kind != "bot" and row.status == "in_task" and self._hub.present(row.id):
                self._hub.tell(row.id, await self.status(row))

    def _presence(self, going: _Going, agent_id: int, *, present: bool) -> None:
        me = going.row(agent_id)
        for row in going.people():
            if me is not None and row.id != agent_id:
                self._hub.tell(row.id, {"type": "presence", "name": me.name, "present": present})

    def _mine(self, agent_id: int) -> _Going | None:
        return self._going.get(self._of.get(agent_id, 0))


def _by_seat(rows: Mapping[int, AgentRow]) -> list[AgentRow]:
    return [rows[seat] for seat in sorted(rows)]
