"""Blocking code in a conversation: a thread of its own, woken when the conversation ends."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError as FutureCancelled
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.base.loops import Closed, start, tell
from crowdcore.live.talks.endings import Ended

if TYPE_CHECKING:
    from crowdcore.plugins.live_assignment import LiveAssignment, Message
    from crowdcore.state import Json
    from crowdcore.types import Agent, Assignment

T = TypeVar("T")

STACK = 512 * 1024
"""Bytes of stack of such a thread: there may be a thousand."""
_stack_size = threading.Lock()


class Blocking:
    """A `LiveAssignment` whose methods block; for the thread of `in_thread`, and threads that it starts.

    What they raise is the same; once the conversation has to end, they raise `crowdcore.live.Ended`.
    """

    def __init__(self, assignment: LiveAssignment) -> None:
        self.live = assignment
        """The conversation itself: its properties may be read from any thread."""
        self._loop = asyncio.get_running_loop()
        self._over = False
        self._calls: set[Any] = set()
        self._lock = threading.Lock()

    @property
    def assignment(self) -> Assignment:
        """The assignment with its item."""
        return self.live.assignment

    @property
    def conversation(self) -> int:
        """The id of this attempt at it."""
        return self.live.conversation

    @property
    def agents(self) -> tuple[Agent, ...]:
        """Who takes part, by seat, bots too."""
        return self.live.agents

    @property
    def seats(self) -> tuple[int, ...]:
        """The seats that are taken."""
        return self.live.seats

    @property
    def seed(self) -> int:
        """A number of this conversation: the same after a crash."""
        return self.live.seed

    @property
    def random(self) -> Random:
        """Random numbers of this conversation: the same after a crash."""
        return self.live.random

    @property
    def replaying(self) -> bool:
        """Whether answers are still those from before a crash."""
        return self.live.replaying

    def name(self, seat: int) -> str:
        """The display name of a seat."""
        return self.live.name(seat)

    def is_bot(self, seat: int) -> bool:
        """Whether a stand-in has this seat."""
        return self.live.is_bot(seat)

    def receive(self, timeout: float | None = None, seat: int | None = None) -> Message:
        """The next message; TimeoutError after `timeout` seconds, Left once somebody is gone for good."""
        return self._call(self._receive(timeout, seat))

    async def _receive(self, timeout: float | None, seat: int | None) -> Message:
        return await self.live.receive(timeout, seat)  # which begins when it is called: on the event loop

    def send(self, to: int | None, data: Json, *, sender: str | None = None, id: str | None = None) -> None:
        """Deliver `data` to one seat, or to all."""
        self._call(self.live.send(to, data, sender=sender, id=id))

    def turn(self, seat: int | None) -> None:
        """Show everybody whose turn it is."""
        self._call(self.live.turn(seat))

    def form(self, to: int | None, form: Json) -> None:
        """Ask one seat, or all, for structured answers."""
        self._call(self.live.form(to, form))

    def context(self, to: int | None, context: Json) -> None:
        """Show one seat, or all, something beside the conversation."""
        self._call(self.live.context(to, context))

    def replace(self, seat: int) -> None:
        """Let a stand-in take the seat of a person who does not act."""
        self._call(self.live.replace(seat))

    def save(self, data: Json) -> None:
        """Keep JSON with the conversation."""
        self._call(self.live.save(data))

    def wake(self) -> None:
        """The conversation has to end: raise Ended in the call that blocks, and in all that follow."""
        with self._lock:
            self._over = True
            calls = list(self._calls)
        for call in calls:
            call.cancel()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        with self._lock:
            if self._over:
                coroutine.close()
                raise Ended
            try:
                call = start(self._loop, coroutine)
            except Closed:
                raise Ended from None
            self._calls.add(call)
        try:
            return call.result()
        except FutureCancelled:
            raise Ended from None
        finally:
            self._calls.discard(call)


async def in_thread(assignment: LiveAssignment, function: Callable[[Blocking], T], *, stack: int = STACK) -> T:
    """What `function(blocking)` answers, run in a thread of its own with `stack` bytes of stack.

    `blocking` has the methods of `assignment`, and they block. What the function raises is raised here. Cancelled,
    this wakes the thread (its calls raise Ended) and waits for it; cancelled again, it leaves the thread to itself.
    """
    blocking = Blocking(assignment)
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: Any, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(value)
        elif isinstance(error, Exception) and not isinstance(error, StopIteration):
            done.set_exception(error)
        else:  # sys.exit() and the like would end the server, a future takes no StopIteration
            stopped = RuntimeError(f"{type(error).__name__} {error}".strip())
            stopped.__cause__ = error
            done.set_exception(stopped)

    def work() -> None:
        value, error = None, None
        try:
            value = context.run(function, blocking)
        except BaseException as raised:  # also sys.exit(): it belongs to whoever waits
            error = raised
        tell(loop, settle, value, error)

    _start(work, f"crowd-conversation-{assignment.conversation}", stack)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        blocking.wake()
        with suppress(Exception):
            await done
        raise


def _start(work: Callable[[], None], name: str, stack: int) -> None:
    """A daemon thread: one that hangs must not hold the process."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    with _stack_size:
        before = threading.stack_size(stack)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
