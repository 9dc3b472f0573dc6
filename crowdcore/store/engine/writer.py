"""One thread per process that writes: it runs queued transactions in groups and commits them together.

A commit costs an fsync whatever is in it, so everything that waits goes into one. Each transaction of
a group has its savepoint: its failure undoes nothing of its neighbours. After the commit all callers
are answered, with a single wake-up for each event loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from crowdcore.base.loops import tell
from crowdcore.errors import StoreBusy, StoreError
from crowdcore.store.engine.sql import Conn

GROUP_SIZE = 512
"""Transactions in one group at most."""
GROUP_SECONDS = 0.010
"""After this much work a group is committed, so that nobody waits long for a big neighbour."""
HOLD_SECONDS = 0.012
"""Seconds of one group after another before the writer gives way. Another process may not be running in the
pause (the machine is busy), so there have to be several within the 50 ms that it should wait at most."""
LAST_SECONDS = 2.0
"""How long a lock is waited for, at most, when the database is being closed."""
RETRY_SECONDS = 0.1
"""Until a connection is tried again."""
PAUSE_SECONDS = 0.003
"""How long it gives way: other writers try each millisecond."""


class Session(Protocol):
    """The writer's own connection; what differs between SQLite and PostgreSQL.

    Every method may raise StoreBusy (worth a new try) or StoreError (not).
    """

    conn: Conn
    retry_seconds: float

    def is_in_the_way(self) -> bool:
        """Whether there may be others who get the lock only while this session does nothing."""

    def begin(self) -> None:
        """Start a transaction that holds the write lock; one attempt, on a new connection if need be."""

    def savepoint(self) -> None:
        """Remember this point; there is at most one."""

    def release(self) -> None:
        """Keep what was done since the savepoint."""

    def undo(self) -> None:
        """Take back what was done since the savepoint."""

    def commit(self) -> None:
        """Make the transaction durable."""

    def rollback(self) -> None:
        """Take back the transaction, if there still is one; never raises."""

    def close(self) -> None:
        """Give back the connection."""


@dataclass(slots=True, eq=False)
class Job:
    """One transaction and who waits for it: a task of `loop`, or a thread if that is None."""

    fn: Callable[[Conn], Any]
    future: asyncio.Future[Any] | Future[Any]
    loop: asyncio.AbstractEventLoop | None = None
    value: Any = None
    error: BaseException | None = None
    timer: asyncio.TimerHandle | None = None
    begun: bool = False
    dropped: bool = False

    def answer(self) -> None:
        """Tell the caller; call it in the caller's loop."""
        if self.timer is not None:
            self.timer.cancel()
        if self.future.done():  # an asyncio task that was cancelled while it waited
            return
        if self.error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Takes jobs from any thread; its own starts with the first one.

    `connect` makes its session, at the first transaction: who only reads needs none, and may have no right to it.
    `patience`: seconds to wait for another process's lock before callers get StoreBusy. `where`: for messages.
    """

    def __init__(self, connect: Callable[[], Session], patience: float, where: str) -> None:
        self._connect = connect
        self._made: Session | None = None
        self._patience = patience
        self._where = where
        self._attempting: float | None = None
        self._given_up: float | None = None
        self._inbox: SimpleQueue[Job | None] = SimpleQueue()
        self._backlog: deque[Job] = deque()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._ending = False
        self._busy_since = self._idle_since = 0.0

    @property
    def since(self) -> float | None:
        """When the transactions in hand were begun, or such as were given up and none was committed since
        (time.monotonic); None if there are none."""
        return self._attempting if self._given_up is None else self._given_up

    @property
    def _session(self) -> Session:
        if self._made is None:
            self._made = self._connect()
        return self._made

    def submit(self, job: Job) -> None:
        """Queue a job; StoreError if the writer was closed."""
        with self._guard:
            if self._closed:
                raise StoreError("the database was closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="crowdcore-writer", daemon=True)
                self._thread.start()
            self._inbox.put(job)

    def drop(self, job: Job) -> None:
        """It has waited for too long: if it is not begun yet it never will be, and its caller gets StoreBusy.

        Call it in the caller's loop or thread.
        """
        with self._guard:
            if job.begun or job.future.done():
                return
            job.dropped = True
        job.error = StoreBusy(f"{self._where} does not answer: try again")
        job.answer()

    def is_this_thread(self) -> bool:
        """True inside a transaction: waiting for another one would wait forever."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """Finish what was queued, then end the thread and the connection."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._inbox.put(None)
        if self._thread is not None:
            self._thread.join()
        if self._made is not None:
            self._made.close()

    def _serve(self) -> None:
        while self._fill():
            _answer_all(self._settle())
            self._give_way()

    def _fill(self) -> bool:
        """Move what waits into the backlog, waiting for the first; False at the end."""
        with suppress(Empty):
            while len(self._backlog) < GROUP_SIZE and not self._ending:
                job = self._inbox.get(block=not self._backlog)
                if job is None:
                    self._ending = True
                else:
                    self._backlog.append(job)
        return bool(self._backlog)

    def _settle(self) -> list[Job]:
        """Commit a group from the front of the backlog, or give up on it; the jobs that have an answer."""
        self._attempting = began = time.monotonic()
        try:
            while True:
                try:
                    count = self._attempt()
                    self._given_up = None
                    return self._take(count)
                except StoreBusy as error:
                    patience = min(self._patience, LAST_SECONDS) if self._closed else self._patience
                    if time.monotonic() >= began + patience:
                        self._given_up = self._given_up or began
                        return self._fail(error)
                except Exception as error:
                    return self._fail(error)
                time.sleep(RETRY_SECONDS if self._made is None else self._made.retry_seconds)
        finally:
            self._attempting = None

    def _take(self, count: int) -> list[Job]:
        return [self._backlog.popleft() for _ in range(count)]

    def _fail(self, error: Exception) -> list[Job]:
        jobs = self._take(len(self._backlog))
        for job in jobs:  # an exception object each: raising one adds to its traceback
            job.error = type(error)(str(error)) if isinstance(error, StoreError) else error
        return jobs

    def _attempt(self) -> int:
        """Run a group and commit it; how many jobs were in it. Raises if nothing of it was done."""
        session = self._session  # the first time it connects
        try:
            session.begin()
            session.conn.passed.clear()
            self._note_lock()
            if len(self._backlog) == 1:
                if not self._run(self._backlog[0]):
                    session.rollback()
                    return 1
                count = 1
            else:
                count = self._run_group()
            session.commit()
        except BaseException:
            session.rollback()
            raise
        return count

    def _run_group(self) -> int:
        session = self._session
        until = time.monotonic() + GROUP_SECONDS
        count = 0
        for job in self._backlog:
            session.savepoint()
            if self._run(job):
                session.release()
            else:
                session.undo()
            count += 1
            if time.monotonic() > until:
                break
        return count

    def _run(self, job: Job) -> bool:
        """One transaction; False if it has to be undone. Raises if the database itself failed."""
        with self._guard:
            if job.dropped:
                return False
            job.begun = True
        conn = self._session.conn
        conn.forget()
        job.error = None
        try:
            job.value = job.fn(conn)
        except BaseException as error:  # whatever it is, it belongs to the caller
            job.error = error
        if conn.failure is not None:
            outage = conn.outage()
            if outage is not None:
                raise outage
            if job.error is None:
                job.error = conn.failure
        return job.error is None

    def _note_lock(self) -> None:
        now = time.monotonic()
        if now - self._idle_since > PAUSE_SECONDS:
            self._busy_since = now

    def _give_way(self) -> None:
        """Let another process write when this one has done so for long without a break."""
        self._idle_since = now = time.monotonic()
        if now - self._busy_since > HOLD_SECONDS and self._made is not None and self._made.is_in_the_way():
            time.sleep(PAUSE_SECONDS)
            self._idle_since = 0.0


def _answer_all(jobs: list[Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        if job.loop is None:
            job.answer()
        else:
            by_loop.setdefault(job.loop, []).append(job)
    for loop, waiting in by_loop.items():
        tell(loop, _answer_each, waiting)


def _answer_each(jobs: list[Job]) -> None:
    for job in jobs:
        job.answer()
