"""What a blueprint does with a conversation: receive, send, and the rest of `LiveAssignment`.

Everything is stored before it has an effect: a message before it can be received, a frame before it goes out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from crowdcore.live import seat_names
from crowdcore.live.talks import checked
from crowdcore.live.talks.eager import Begun
from crowdcore.live.talks.endings import Ended, Left, Silence
from crowdcore.live.talks.replay import Crossings, Gone, Got, Mismatch
from crowdcore.live.talks.scribe import Cancelled, Scribe
from crowdcore.live.talks.unread import Unread
from crowdcore.plugins.live_assignment import Message
from crowdcore.state import canonical
from crowdcore.store.queries import journal

if TYPE_CHECKING:
    from crowdcore.live.hub import Hub
    from crowdcore.live.talks.bots import Actor
    from crowdcore.live.timers import Timers
    from crowdcore.state import Json
    from crowdcore.store import Conn
    from crowdcore.store.queries.conversations import ConversationRow
    from crowdcore.types import Agent, Assignment
    from crowdcore.work.context import RunContext

_EMPTY_POLLS, _PAUSE = 20, 0.01
_YIELD_EVERY = 50
TYPING = 300.0  # seconds for which typing puts off a timeout, at most: keys keep nobody waiting for ever


@dataclass(eq=False)
class Member:
    """Who has a seat. `seq` is the last of its inbox; `actor` speaks for a bot, None for a person."""

    seat: int
    agent: Agent
    seq: int = 0
    actor: Actor | None = None


@dataclass
class _Waiting:
    seat: int | None
    future: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def wake(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class Talk:
    """The calls of a blueprint. `Conversation` adds the life around them."""

    def __init__(self, context: RunContext, hub: Hub, timers: Timers, row: ConversationRow) -> None:
        self._context = context
        self._hub = hub
        self._timers = timers
        self._row = row
        self._members: dict[int, Member] = {}
        self._given: Assignment | None = None
        self._crossings = Crossings()
        self._messages = Unread()
        self._scribe = Scribe(context, row.id)
        self._sent = 0
        self._turns = 0
        self._turn: int | None = None
        self._left: Left | None = None
        self._over = False
        self._busy = False
        self._waiting: _Waiting | None = None
        self._empty_polls = 0
        self._taken: tuple[int, Message] | None = None
        self._random: Random | None = None
        self._typed: dict[int, float] = {}  # when a seat last typed, in ticks

    # What it is

    @property
    def assignment(self) -> Assignment:
        """The assignment with its item."""
        assert self._given is not None
        return self._given

    @property
    def conversation(self) -> int:
        """The id of this attempt at it."""
        return self._row.id

    @property
    def agents(self) -> tuple[Agent, ...]:
        """Who takes part, by seat."""
        return tuple(self._members[seat].agent for seat in self.seats)

    @property
    def seats(self) -> tuple[int, ...]:
        """The seats that are taken."""
        return tuple(sorted(self._members))

    @property
    def seed(self) -> int:
        """A number of this conversation."""
        return self._row.seed

    @property
    def random(self) -> Random:
        """Random numbers of this conversation."""
        if self._random is None:
            self._random = Random(self.seed)  # noqa: S311  # the same after a crash: no secret
        return self._random

    @property
    def replaying(self) -> bool:
        """Whether answers are still those from before a crash."""
        return self._crossings.replaying

    def name(self, seat: int) -> str:
        """The display name of a seat."""
        return seat_names.display(self._context.config, self._row.base + seat)

    def is_bot(self, seat: int) -> bool:
        """Whether a stand-in has this seat."""
        return seat in self._members and self._members[seat].actor is not None

    # Receiving

    def receive(self, timeout: float | None = None, seat: int | None = None) -> Coroutine[Any, Any, Message]:
        """The next message; Silence after `timeout` seconds, Left once somebody is gone for good."""
        breathe = self._crossings.replaying and self._crossings.played % _YIELD_EVERY == 0
        return Begun(self._begin(timeout, seat), self._take_back, breathe=breathe)

    async def _begin(self, timeout: float | None, seat: int | None) -> Message:
        with self._one_at_a_time():
            if seat is not None:
                self._member(seat)
            self._play_seats()
            if self._crossings.replaying:
                return self._receive_again(seat)
            return await self._receive(timeout, seat)

    async def _receive(self, timeout: float | None, seat: int | None) -> Message:
        ticks = self._context.clock.ticks
        began = ticks()
        while True:
            self._alive()
            due = None if timeout is None else self._due(began, timeout, seat)
            if self._left is not None:
                await self._or_missed(self._breathe())
                self._crossings.note("left", self._left.seat, self._left.reason)
                raise Left(self._left.seat, self._left.reason)
            message = self._take(seat)
            if message is not None:
                self._empty_polls = 0
                return message
            if due is not None and ticks() >= due:
                self._crossings.missed()
                if timeout is not None and timeout <= 0:
                    self._listening()
                    await self._breathe()
                raise Silence(seat)
            await self._wait(seat, None if due is None else due - ticks())

    def _due(self, began: float, timeout: float, seat: int | None) -> float:
        """Until when (ticks) a receive waits that began at `began`: who is waited for and types is not silent."""
        typed = began if seat is None or timeout <= 0 else self._typed.get(seat, began)
        return min(max(began, typed), began + TYPING) + timeout

    def typed(self, seat: int) -> None:
        """Somebody in this seat is typing."""
        self._typed[seat] = self._context.clock.ticks()

    def _take(self, seat: int | None) -> Message | None:
        found = self._messages.first(seat)
        if found is None:
            return None
        self._crossings.note("receive", found[0])
        self._taken = found
        return found[1]

    async def _wait(self, seat: int | None, seconds: float | None) -> None:
        waiting = self._waiting = _Waiting(seat)
        self._listening()
        timer = None if seconds is None else self._timers.after(seconds, waiting.wake)
        try:
            await self._or_missed(waiting.future)
        finally:
            self._waiting = None
            if timer is not None:
                timer.cancel()

    async def _or_missed(self, what: Awaitable[None]) -> None:
        """Wait for something within a receive; a task that gives up waiting has missed it, as after a timeout."""
        try:
            await what
        except (asyncio.CancelledError, GeneratorExit):
            self._crossings.missed()
            raise

    async def _breathe(self) -> None:
        """Let others run: a blueprint that asks again and again at once must not hold up the server."""
        self._empty_polls += 1
        await asyncio.sleep(_PAUSE if self._empty_polls > _EMPTY_POLLS else 0)

    def _receive_again(self, seat: int | None) -> Message:
        got = self._guarded(self._crossings.receive)
        if isinstance(got, Got):
            message = self._messages.get(got.n)
            if message is None or (seat is not None and message.seat != seat):
                raise self._mismatched(Mismatch(f"a receive from seat {seat} gets what another seat said"))
            self._messages.remove(got.n)
            return message
        if isinstance(got, Gone):
            self.gone(got.seat, got.reason)
            raise Left(got.seat, got.reason)
        raise Silence(seat)

    def _take_back(self, end: BaseException) -> bool:
        """A receive that was given up before anybody saw what it got: a message is there for the next one."""
        if isinstance(end, Silence):
            return True
        if self._crossings.replaying or not isinstance(end, StopIteration):
            return False
        if self._taken is None or self._taken[1] is not end.value or not self._crossings.take_back(self._taken[0]):
            return False
        self._crossings.missed()
        self._came(*self._taken)
        return True

    def _came(self, n: int, message: Message, size: int = 0) -> None:
        """A message is there (`size`: see `Unread`): whoever waits for it may have it."""
        self._messages.add(n, message, size)
        if self._waiting is not None and self._waiting.seat in (None, message.seat):
            self._waiting.wake()

    # Sending

    async def send(self, to: int | None, data: Json, *, sender: str | None = None, id: str | None = None) -> None:
        """Deliver `data` to one seat, or to all, in the name of `sender`."""
        with self._one_at_a_time():
            self._sent += 1
            shown = {"id": id or f"{self.conversation}-{self._sent}", "sender": sender, "data": data}
            await self._out("send", to, [to, data, sender, id], {"type": "message", **shown, "at": self._now()})

    async def turn(self, seat: int | None) -> None:
        """Show everybody whose turn it is."""
        with self._one_at_a_time():
            who = None if seat is None else self.name(self._member(seat).seat)
            await self._out("turn", None, [seat], {"type": "turn", "who": who})
            self._turn, self._turns = seat, self._turns + 1

    async def form(self, to: int | None, form: Json) -> None:
        """Ask one seat, or all, for structured answers."""
        with self._one_at_a_time():
            await self._out("form", to, [to, form], {**checked.an_object("form", form), "type": "form"})

    async def context(self, to: int | None, context: Json) -> None:
        """Show one seat, or all, something beside the conversation."""
        with self._one_at_a_time():
            await self._out("context", to, [to, context], {**checked.an_object("context", context), "type": "context"})

    async def save(self, data: Json) -> None:
        """Keep JSON with the conversation."""
        with self._one_at_a_time():
            text = checked.text("save", data)
            await self._out("save", (), [data], {}, lambda conn: journal.keep(conn, self.conversation, text))

    async def replace(self, seat: int) -> None:
        """A stand-in takes the seat of somebody who is there no more."""
        with self._one_at_a_time():
            self._member(seat)
            if self._context.stand_ins is None or not self._context.stand_ins.bots:
                raise ValueError("replace: pairing.stand_in lists no bot that could take the seat")
            self._play_seats()
            if not self._crossings.replaying and not self.is_bot(seat):
                await self._give_away(seat)
            await self._out("replace", (), [seat], {})

    async def _out(
        self, kind: str, to: int | tuple[()] | None, what: list[Any], frame: dict[str, Any],
        also: Callable[[Conn], None] | None = None,
    ) -> None:  # fmt: skip
        """Something goes out: checked against the journal while replaying, else stored and then delivered."""
        members = self._addressed(to)
        digest = checked.digest(kind, what)
        self._play_seats()
        if self._crossings.replaying:
            self._guarded(lambda: self._crossings.went_out(kind, digest))
            if self._crossings.played % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            return
        self._alive()
        body = canonical(frame)[1:]
        frames = [(m, m.seq + 1, f'{{"seq":{m.seq + 1},{body}') for m in members]
        self._crossings.note(kind, digest)
        cancelled = await self._write([(m.agent.id, seq, text) for m, seq, text in frames], also)
        for member, seq, text in frames:
            member.seq = seq
            self._hub.deliver(member.agent.id, seq, text)
            if member.actor is not None:
                member.actor.hear(frame)
        self._empty_polls = 0
        if cancelled is not None:
            raise cancelled

    async def _write(
        self, frames: Sequence[tuple[int, int, str]] = (), also: Callable[[Conn], None] | None = None
    ) -> Cancelled:
        """Store what crossed, with the frames that it is about."""
        entries = self._crossings.pending()
        self._crossings.written()
        return await self._scribe.crossed(entries, frames, also)

    def _addressed(self, to: int | tuple[()] | None) -> Sequence[Member]:
        if to is None:
            return [self._members[seat] for seat in self.seats]
        return [self._member(to)] if isinstance(to, int) else []

    # What both need

    def _now(self) -> float:
        return self._context.clock.now()

    def _member(self, seat: int) -> Member:
        if seat not in self._members:
            taken = ", ".join(map(str, self.seats))
            raise ValueError(f"there is no seat {seat!r} in this conversation; its seats are {taken} (None: all)")
        return self._members[seat]

    def _alive(self) -> None:
        if self._over:
            raise Ended

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        self._alive()
        if self._busy:
            raise RuntimeError("two calls of this conversation at once: wait for the first, else it cannot be replayed")
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def _play_seats(self) -> None:
        """While replaying: those who took a seat at this point take it again."""
        if not self._crossings.replaying:
            return
        for seat, agent_id in self._crossings.seats():
            self._take_seat(seat, agent_id)
        self._see_end()

    def _guarded(self, play: Callable[[], Any]) -> Any:
        """One step of the replay; a mismatch ends the conversation, whatever the blueprint does about it."""
        try:
            got = play()
        except Mismatch as mismatch:
            raise self._mismatched(mismatch) from None
        self._see_end()
        return got

    def _see_end(self) -> None:
        if not self._crossings.replaying:
            self._caught_up()

    def gone(self, seat: int, why: str) -> None:
        """Somebody is gone for good."""
        raise NotImplementedError

    async def _give_away(self, seat: int) -> None:
        """Whoever has the seat ends, and a bot takes it."""
        raise NotImplementedError

    def _mismatched(self, mismatch: Mismatch) -> Mismatch:
        raise NotImplementedError

    def _listening(self) -> None:
        """The blueprint listens now."""
        raise NotImplementedError

    def _take_seat(self, seat: int, agent_id: int) -> None:
        raise NotImplementedError

    def _caught_up(self) -> None:
        """The replay is over: from here on everything is new."""
        raise NotImplementedError
