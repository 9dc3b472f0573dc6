"""Threads for hooks: a few per kind of work, so that one kind cannot starve another.

A call waits for a free thread for a short time, else it is refused as busy. A call that overruns its
time is given up by its caller but keeps its thread until it really ends: what hangs cannot multiply.
The threads are daemons, so what hangs cannot hold the process at its exit either.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from crowdcore.base.loops import tell

T = TypeVar("T")

WAIT = 2.0
"""Seconds that a call waits for a free thread."""


class Busy(Exception):
    """No thread became free in time; nothing was called."""


class Overrun(Exception):
    """The call took longer than its kind may take; it may still be going on."""


@dataclass(frozen=True)
class Limit:
    """How much of one kind of work goes on at once: threads, seconds per call, calls per key (0 = any)."""

    threads: int
    seconds: float
    per_key: int = 0


LIMITS: Mapping[str, Limit] = {
    "claims": Limit(16, 10.0),
    "completions": Limit(8, 10.0),
    "state": Limit(16, 10.0, per_key=2),
    "procedures": Limit(8, 10.0, per_key=2),
    "provider": Limit(4, 60.0),
    "build": Limit(2, 900.0),
    "review": Limit(4, 30.0),
    "live": Limit(4, 30.0),
    "listener": Limit(1, 300.0),
    "bots": Limit(32, 60.0),
}
"""Kind of work → its limit. Each plugin with listeners has a thread of its own, so it sees events in order; each bot
has its own threads, so that one that hangs does not stop the next."""


class Limiters:
    """The limiters of one run, made when they are first needed; `limits` replaces some of LIMITS."""

    def __init__(self, limits: Mapping[str, Limit] | None = None, *, wait: float = WAIT) -> None:
        self._limits = {**LIMITS, **(limits or {})}
        self._wait = wait
        self._made: dict[str, Limiter] = {}

    def get(self, kind: str, plugin: str = "") -> Limiter:
        """The limiter of a kind of work; listeners and bots have one for each `plugin`."""
        name = f"{kind}-{plugin}" if plugin else kind
        if name not in self._made:
            limit = self._limits[kind]
            self._made[name] = Limiter(name, limit.threads, limit=limit.seconds, wait=self._wait, per_key=limit.per_key)
        return self._made[name]

    def close(self) -> None:
        """Let idle threads end."""
        for limiter in self._made.values():
            limiter.close()


@dataclass(eq=False)
class _Job:
    call: Callable[[], Any]
    key: Hashable
    loop: asyncio.AbstractEventLoop
    started: asyncio.Future[None]
    finished: asyncio.Future[None]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    running: bool = False
    ended: bool = False
    given_up: bool = False
    value: Any = None
    error: BaseException | None = None


class Limiter:
    """At most `threads` calls at a time, at most `per_key` of one key (0 = no such limit).

    `wait` seconds for a free thread, `limit` seconds for the call itself.
    """

    def __init__(self, name: str, threads: int, *, limit: float, wait: float = WAIT, per_key: int = 0) -> None:
        self.name = name
        self.limit = limit
        self._threads = threads
        self._wait = wait
        self._per_key = per_key
        self._lock = threading.Lock()
        self._ready: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting: deque[_Job] = deque()
        self._running = 0
        self._overrun = 0
        self._spawned = 0
        self._of_key: Counter[Hashable] = Counter()

    async def run(self, call: Callable[[], T], key: Hashable = None, seconds: float | None = None) -> T:
        """The value of `call()`, run on one of the threads; its exception, Busy or Overrun (after `seconds`)."""
        loop = asyncio.get_running_loop()
        job = _Job(call, key, loop, loop.create_future(), loop.create_future())
        if not self._start_or_queue(job):
            await self._wait_for_start(job)
        try:
            async with asyncio.timeout(seconds or self.limit):
                await job.finished
        except TimeoutError:
            self._give_up(job)
            raise Overrun from None
        except asyncio.CancelledError:
            self._give_up(job)
            raise
        if job.error is not None:
            raise job.error
        value: T = job.value
        return value

    def close(self) -> None:
        """Let idle threads end; calls that still run are left to themselves."""
        with self._lock:
            spawned, self._spawned = self._spawned, 0
        for _ in range(spawned):
            self._ready.put(None)

    async def _wait_for_start(self, job: _Job) -> None:
        try:
            async with asyncio.timeout(self._wait):
                await job.started
        except (TimeoutError, asyncio.CancelledError) as error:
            with self._lock:
                if not job.running:
                    self._waiting.remove(job)
                    if isinstance(error, TimeoutError):
                        raise Busy from None
                    raise
            if isinstance(error, asyncio.CancelledError):
                self._give_up(job)
                raise

    def _start_or_queue(self, job: _Job) -> bool:
        with self._lock:
            if self._free(job):
                self._start(job)
                return True
            if self._overrun >= self._threads:  # all of them hang: waiting would only add to it
                raise Busy
            self._waiting.append(job)
            return False

    def _free(self, job: _Job) -> bool:
        if self._running >= self._threads:
            return False
        return not self._per_key or job.key is None or self._of_key[job.key] < self._per_key

    def _start(self, job: _Job) -> None:
        """Give the job to a thread (the lock is held)."""
        job.running = True
        self._running += 1
        self._of_key[job.key] += 1
        if self._spawned < self._running:
            self._spawned += 1
            name = f"crowd-{self.name}-{self._spawned}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        self._ready.put(job)

    def _work(self) -> None:
        while (job := self._ready.get()) is not None:
            try:
                job.value = job.context.run(job.call)
            except BaseException as error:  # handed to the caller, even a hook's sys.exit()
                job.error = error
            self._end(job)
            del job  # an idle thread keeps no value alive

    def _end(self, job: _Job) -> None:
        with self._lock:
            job.ended = True
            self._running -= 1
            self._overrun -= job.given_up
            self._of_key[job.key] -= 1
            if not self._of_key[job.key]:
                del self._of_key[job.key]
            following = next((waiting for waiting in self._waiting if self._free(waiting)), None)
            if following is not None:
                self._waiting.remove(following)
                self._start(following)
        _tell(job, job.finished)
        if following is not None:
            _tell(following, following.started)

    def _give_up(self, job: _Job) -> None:
        with self._lock:
            if not job.ended:
                job.given_up = True
                self._overrun += 1


def _tell(job: _Job, future: asyncio.Future[None]) -> None:
    def resolve() -> None:
        if not future.done():
            future.set_result(None)

    tell(job.loop, resolve)
