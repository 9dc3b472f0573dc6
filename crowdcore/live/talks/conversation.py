"""One conversation while it is live: the blueprint runs, people and bots are heard, and it ends in bounded time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crowdcore.errors import CrowdError, HookFailed
from crowdcore.live import frames
from crowdcore.live.talks.bots import Actor
from crowdcore.live.talks.endings import Ending, Left, Reason, Silence
from crowdcore.live.talks.replay import Crossings, Mismatch
from crowdcore.live.talks.talk import Member, Talk
from crowdcore.live.talks.unread import Full
from crowdcore.plugins.live_assignment import Message
from crowdcore.state import canonical
from crowdcore.store.queries import agents, events, journal
from crowdcore.types import Assignment
from crowdcore.work import documents
from crowdcore.work.documents import ITEM
from crowdcore.work.end import end_agent

if TYPE_CHECKING:
    from crowdcore.live.hub import Hub
    from crowdcore.live.timers import Timers
    from crowdcore.plugins.stand_ins import Failure, StandIns
    from crowdcore.state import Json
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.conversations import ConversationRow
    from crowdcore.store.queries.journal import Said
    from crowdcore.work.context import RunContext

LAST_WORDS = 5.0
"""Seconds that a blueprint has once somebody is gone, and again once it was cancelled."""
AT_STOP = 2.0
"""Seconds that it has when the process stops."""
REPLAY_SECONDS = 5.0
"""Seconds without a step after which a blueprint that is played again counts as hanging."""

log = logging.getLogger("crowdcore.live")


class Conversation(Talk):
    """A conversation that goes on in this process. `members` is who sits there, by seat (0, 1, …).

    `run` plays it once, from its start or from where a crash cut it off. `bots` are the run's stand-ins.
    """

    def __init__(
        self, context: RunContext, hub: Hub, timers: Timers, row: ConversationRow, members: Mapping[int, AgentRow],
        bots: StandIns | None = None,
    ) -> None:  # fmt: skip
        super().__init__(context, hub, timers, row)
        self._rows = dict(members)
        self._bots = bots
        self._known: dict[tuple[int, str], asyncio.Future[None] | None] = {}  # None: stored
        self._others: dict[int, Member] = {}  # who had, or will have, a seat while replaying, by agent
        self._loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_counted = False  # among those that are played again just now
        self._asked: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    # Its life

    async def run(self) -> Ending:
        """Play it to its end; how it ended. Raises only if cancelled (the process stops): it can be taken up again."""
        try:
            await self._load()
        except CrowdError as error:
            self._close()
            self._loaded.set_result(None)
            return self._broken(error)
        if self.replaying:
            await self._hub.replays.acquire()
            self._is_counted = True
            self._watch()
        playing = asyncio.create_task(self._context.hooks.blueprint_live(self), name=f"conversation {self._row.id}")
        try:
            await self._played(playing)
        except asyncio.CancelledError:
            self._close()
            playing.cancel()
            await asyncio.wait([playing], timeout=AT_STOP)
            raise
        finally:
            self._uncount()
        ending = self._how(playing)
        self._close()
        await self._clean_up()
        return ending

    async def incoming(self, agent_id: int, id: str, data: Json) -> None:
        """A person's message: stored, acknowledged, then to be received. A repeat is only acknowledged."""
        await self._is_loaded()
        try:
            stored = await self._say(agent_id, id, data)
        except Full:  # the page says it again later
            self._hub.tell(agent_id, frames.error("too_fast", "What you said before has not been read yet.", id))
            return
        if stored:
            self._hub.tell(agent_id, {"type": "ack", "id": id})
        else:
            self._hub.tell(agent_id, frames.error("not_live", "This conversation is over.", id))

    def gone(self, seat: int, why: str) -> None:
        """Somebody is gone for good: `receive` raises Left, and after 5 s the blueprint is cancelled."""
        if self._left is None:
            self._left = Left(seat, why)
            self._timers.after(LAST_WORDS, lambda: self._ask(Ending(_reason(why), seat, why)))
        if self._waiting is not None:
            self._waiting.wake()

    def stop(self, reason: Reason) -> None:
        """End it now: the blueprint is cancelled, and left alone if it is not over within 5 s."""
        self._ask(Ending(reason))

    async def bot_took(self, seat: int, row: AgentRow) -> None:
        """A bot took the seat."""
        await self._is_loaded()
        old = self._members[seat]
        member = await self._member_of(seat, row)
        self._others[row.id] = member
        if self.replaying or self._over:  # it is played back, then taken
            self._rows[seat] = row
            return
        self._crossings.note("seat", seat, old.agent.id, row.id)
        self._members[seat] = member
        await self._write()
        self.listens()

    async def _give_away(self, seat: int) -> None:
        """Whoever has the seat ends, and a bot takes it; brought to its end even if the blueprint is cancelled."""
        row = self._rows[seat]
        ending = asyncio.create_task(end_agent(self._context, row, "replaced", actor="service"))
        await asyncio.shield(ending)
        if not self.is_bot(seat):  # there is none that can: it is as if they had left
            self._alive()
            raise self._left or Left(seat, "left")

    # Beginning

    async def _load(self) -> None:
        row, context = self._row, self._context
        kept = await context.db.aread(lambda c: journal.read(c, row.id))
        self._crossings = Crossings(kept.crossings)
        self._scribe.last = kept.last
        self._given = await self._assignment()
        for seat, agent in self._rows.items():
            self._members[seat] = self._others[agent.id] = await self._member_of(seat, agent)
        for seat, agent_id in self._crossings.first_agents().items():
            first = await context.db.aread(lambda c, a=agent_id: agents.get(c, a))  # type: ignore[misc]
            assert first is not None
            self._members[seat] = self._others[agent_id] = await self._member_of(seat, first)
        seats = {member.agent.id: member for member in self._others.values()}
        for said in kept.said:
            if said.agent in seats:
                self._messages.add(said.n, self._message(seats[said.agent], said.id, said.data, said.at))
        self._known = dict.fromkeys(kept.known)
        self._loaded.set_result(None)

    async def _is_loaded(self) -> None:
        if not self._loaded.done():
            await asyncio.wait([self._loaded])

    async def _assignment(self) -> Assignment:
        unit = next((agent.unit for agent in self._rows.values() if agent.unit is not None), None)
        if unit is None:
            onboarding = self._context.gates.onboarding
            return Assignment(0, 0, "onboarding", None if onboarding is None else onboarding.item)
        hooks, given = self._context.hooks, unit.assignment
        return replace(given, item=await hooks.blueprint_assignment_data(given)) if hooks.has(ITEM) else given

    async def _member_of(self, seat: int, row: AgentRow) -> Member:
        seq = await self._context.db.aread(lambda c: journal.last_seq(c, row.id))
        agent = await documents.view(self._context, row)
        if row.bot is None or self._bots is None:
            return Member(seat, agent, seq)
        actor = Actor(self, self._bots, row, seat, self.name(seat))
        past = await self._context.db.aread(lambda c: self._past(c, actor.me))
        actor.recall([(frames, said) for _, frames, said in past], next((s for a, _, s in past if a == row.id), []))
        return Member(seat, agent, seq, actor)

    def _past(self, conn: Conn, name: str) -> list[tuple[int, list[dict[str, Any]], list[Said]]]:
        """Of everybody who had the seat of this name: agent, frames delivered, messages said."""
        said = journal.said(conn, self._row.id)
        return [
            (agent, journal.frames(conn, agent), [one for one in said if one.agent == agent])
            for agent in journal.agents_named(conn, self._row.id, name)
        ]

    def _take_seat(self, seat: int, agent_id: int) -> None:
        self._members[seat] = self._others[agent_id]

    def _uncount(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self._hub.replays.release()

    def _caught_up(self) -> None:
        self._uncount()
        for seat, row in self._rows.items():  # a seat may have been taken so late that nothing was written of it
            self._members[seat] = self._others[row.id]

    # What people and bots say

    async def _say(self, agent_id: int, id: str, data: Json, bot: Mapping[str, Any] | None = None) -> bool:
        """Store a message, once; False if it came too late, Full if too much of a person waits to be received."""
        key = (agent_id, id)
        if key in self._known:
            pending = self._known[key]
            if pending is not None:
                await asyncio.shield(pending)
            return True
        member = next((m for m in self._members.values() if m.agent.id == agent_id), None)
        if self._over or member is None:
            return False
        at, kept = self._now(), canonical({"data": data, **({} if bot is None else {"bot": dict(bot)})})
        if bot is None:
            self._messages.check_room(member.seat, len(kept))
        stored = self._known[key] = asyncio.get_running_loop().create_future()
        try:
            n, cancelled = await self._scribe.said(agent_id, id, kept, at)
        except BaseException:
            del self._known[key]
            stored.cancel()
            raise
        self._known[key] = None
        stored.set_result(None)
        self._came(n, self._message(member, id, data, at), 0 if bot is not None else len(kept))
        if cancelled is not None:
            raise cancelled
        return True

    def _message(self, member: Member, id: str, data: Json, at: float) -> Message:
        return Message(id, member.seat, member.agent, self.name(member.seat), data, at)

    # The stage of its bots

    @property
    def item(self) -> Json:
        """The assignment's item."""
        return self.assignment.item

    @property
    def turns(self) -> int:
        """How often it was somebody's turn."""
        return self._turns

    def is_due(self, seat: int) -> bool | None:
        """Whether it is this seat's turn and nothing of it waits to be received; None where there are no turns."""
        if self._turn is None:
            return None
        return self._turn == seat and not self._messages.any_of(seat)

    async def act(self, agent_id: int, id: str, data: Json, bot: Mapping[str, Any]) -> None:
        """A bot said something."""
        await self._say(agent_id, id, data, bot)

    async def bot_changed(self, agent_id: int, bot: Mapping[str, Any]) -> None:
        """Another bot of the chain speaks from now on."""
        await self._scribe.write(lambda c: journal.set_bot(c, agent_id, canonical(dict(bot))))

    def bot_failed(self, agent_id: int, failure: Failure) -> None:
        """One bot of the chain failed: an event for the operator."""
        context, now = self._context, self._now()
        context.db.submit(
            lambda c: events.append(
                c, context.run_id, now, "stand_in_failed", "service", [],
                conversation=self._row.id, agent=agent_id, bot=failure.bot,
            )
        )  # fmt: skip

    def thinks(self, seat: int) -> None:
        """The others see that a bot has been asked."""
        for other in self.seats:
            if other != seat:
                self._hub.tell(self._members[other].agent.id, {"type": "typing", "name": self.name(seat)})

    def listens(self) -> None:
        """Bots may be due now, if the blueprint waits for somebody."""
        if self._waiting is not None:
            self._listening()

    def _listening(self) -> None:
        for member in self._members.values():
            if member.actor is not None:
                member.actor.consider()

    # Ending

    def _ask(self, ending: Ending) -> None:
        if not self._asked.done():
            self._asked.set_result(ending)

    def _mismatched(self, mismatch: Mismatch) -> Mismatch:
        self._ask(Ending("replay_mismatch", detail=str(mismatch)))
        return mismatch

    def _watch(self) -> None:
        """End it if it hangs while it is played again. One that is merely slow, as all are when many go on at once on a
        machine that is busy, may take its time."""
        steps = self._crossings.steps

        def look() -> None:
            if self._crossings.steps != steps:
                self._watch()
            elif self.replaying:
                self._mismatched(Mismatch(f"going on after a restart, it took no step for {REPLAY_SECONDS:g} s"))

        self._timers.after(REPLAY_SECONDS, look)

    async def _played(self, playing: asyncio.Task[None]) -> None:
        """Until the blueprint is done; once it is asked to stop, for 5 s at most."""
        ends: list[asyncio.Future[Any]] = [playing, self._asked]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            return
        self._over = self._scribe.closed = True
        playing.cancel()
        patience: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self._timers.after(LAST_WORDS, lambda: patience.set_result(None))
        await asyncio.wait([playing, patience], return_when=asyncio.FIRST_COMPLETED)
        timer.cancel()
        if not playing.done():
            self._hub.linger(playing)
            log.error(
                "%s: blueprint_live of conversation %d does not end and is left alone", self._context.name, self._row.id
            )

    def _how(self, playing: asyncio.Task[None]) -> Ending:
        """How it ended, from what was asked and what the blueprint raised."""
        error = None
        if playing.done():
            error = playing.exception() if not playing.cancelled() else asyncio.CancelledError()
        if self._asked.done():
            return self._asked.result()
        if self.replaying:
            how = "returned" if error is None else f"raised {type(_cause(error)).__name__}"
            return Ending("replay_mismatch", detail=f"it {how} before the point where it was cut off")
        if error is None:
            left = self._left
            return Ending("done") if left is None else Ending(_reason(left.reason), left.seat, left.reason)
        for cause in _causes(error):
            if isinstance(cause, Left) and cause.seat in self._members:
                return Ending(_reason(cause.reason), cause.seat, cause.reason)
            if isinstance(cause, Silence):
                return Ending("timed_out" if cause.seat is None else "left", cause.seat, "timed_out", str(cause))
        return self._broken(error)

    def _broken(self, error: BaseException) -> Ending:
        text = str(error) if isinstance(error, CrowdError) else f"blueprint_live was cancelled: {error!r}"
        log.error("%s: %s [conversation %d]", self._context.name, text, self._row.id, exc_info=error.__cause__ or None)
        return Ending("failed", detail=text)

    def _close(self) -> None:
        self._over = self._scribe.closed = True
        for member in self._others.values():
            if member.actor is not None:
                member.actor.end()

    async def _clean_up(self) -> None:
        if self._context.hooks.has("blueprint_cleanup"):
            try:
                await self._context.hooks.blueprint_cleanup(self)
            except CrowdError as error:
                log.error("%s: %s [conversation %d]", self._context.name, error, self._row.id, exc_info=error.__cause__)


def _reason(why: str) -> Reason:
    return "stand_in_failed" if why == "stand_in_failed" else "left"


def _cause(error: BaseException) -> BaseException:
    return error.__cause__ if isinstance(error, HookFailed) and error.__cause__ is not None else error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What was raised, and what is in a group of a task group."""
    cause = _cause(error)
    yield cause
    if isinstance(cause, BaseExceptionGroup):
        for inner in cause.exceptions:
            yield from _causes(inner)
