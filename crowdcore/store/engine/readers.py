"""Read connections: kept while nobody uses them, and waited for only so long."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from crowdcore.errors import StoreBusy, StoreError
from crowdcore.store.engine.sql import Conn, ConnectionLost

T = TypeVar("T")

_IDLE = 8
"""Read connections that are kept open while nobody uses them."""
_THREADS = 4


class Reader(Protocol):
    """A read connection."""

    conn: Conn

    def begin(self, *, brief: bool = False) -> None:
        """Start a snapshot; `brief`: a lock of another process is not waited for."""

    def end(self) -> bool:
        """End it; whether the connection can be used again."""

    def close(self) -> None:
        """Close the connection."""


class Readers:
    """Reads for any thread and loop. `patience`: seconds after which a loop's caller is told that nobody answers."""

    def __init__(self, make: Callable[[], Reader], patience: float, where: str, *, in_place: bool) -> None:
        self._make = make
        self._patience = patience
        self._where = where
        self._in_place = in_place
        self._idle: deque[Reader] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._in_hand: dict[object, float] = {}
        self._unanswered: float | None = None
        self._closed = False

    @property
    def since(self) -> float | None:
        """When what is not answered yet, or was given up and nothing was answered since, was asked for by a loop
        (time.monotonic); None if there is nothing."""
        oldest = min(list(self._in_hand.values()), default=None)
        return oldest if self._unanswered is None else self._unanswered

    def read(self, fn: Callable[[Conn], T], *, brief: bool = False) -> T:
        """See Database.read."""
        try:
            return self._read_once(fn, brief)
        except ConnectionLost:  # an idle connection may have died long ago; a new one tells
            return self._read_once(fn, brief)

    async def aread(self, fn: Callable[[Conn], T]) -> T:
        """`read` for event loops."""
        if self._in_place:
            try:
                return self.read(fn, brief=True)
            except StoreBusy:  # locked: that is waited for elsewhere
                pass
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="crowdcore-reader")
        mark, began = object(), time.monotonic()
        self._in_hand[mark] = began
        try:
            async with asyncio.timeout(self._patience) as limit:
                answer = await asyncio.get_running_loop().run_in_executor(self._threads, self.read, fn)
        except TimeoutError:
            if not limit.expired():
                raise
            self._unanswered = self._unanswered or began
            raise StoreBusy(f"{self._where} does not answer: try again") from None
        except StoreBusy:
            self._unanswered = self._unanswered or began
            raise
        finally:
            del self._in_hand[mark]
        self._unanswered = None
        return answer

    def close(self) -> None:
        """Close every connection that nobody uses; the others follow. Closing twice is fine."""
        self._closed = True
        if self._threads is not None:
            self._threads.shutdown()
        while self._idle:
            self._idle.pop().close()

    def _read_once(self, fn: Callable[[Conn], T], brief: bool) -> T:
        reader = self._take()
        reader.conn.forget()
        try:
            reader.begin(brief=brief)
            return fn(reader.conn)
        finally:
            if reader.end():
                self._put_back(reader)
            else:
                reader.close()

    def _take(self) -> Reader:
        if self._closed:
            raise StoreError("the database was closed")
        try:
            return self._idle.pop()
        except IndexError:
            return self._make()

    def _put_back(self, reader: Reader) -> None:
        if self._closed or len(self._idle) >= _IDLE:
            reader.close()
        else:
            self._idle.append(reader)
