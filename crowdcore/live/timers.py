"""Timers of live work, many on one clock that tests may move."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock

_LONGEST, _SHORTEST = 0.02, 0.001

log = logging.getLogger("crowdcore.live")


class Timer:
    """A call at a time; `cancel` takes it back."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Do not call; fine at any time."""
        self.call = None


class Timers:
    """Calls at times of `clock`, on the running loop: at most 20 ms late, looked at only while there are any."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._look: asyncio.TimerHandle | None = None

    def after(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Call `call` once, `seconds` from now."""
        timer = Timer(call)
        heapq.heappush(self._heap, (self._clock.ticks() + seconds, next(self._order), timer))
        if self._look is None or self._heap[0][2] is timer:
            self._wait()
        return timer

    def _wait(self) -> None:
        if self._look is not None:
            self._look.cancel()
        while self._heap and self._heap[0][2].call is None:
            heapq.heappop(self._heap)
        self._look = None
        if self._heap:
            due = self._heap[0][0] - self._clock.ticks()
            self._look = asyncio.get_running_loop().call_later(max(_SHORTEST, min(due, _LONGEST)), self._due)

    def _due(self) -> None:
        now = self._clock.ticks()
        while self._heap and self._heap[0][0] <= now:
            _, _, timer = heapq.heappop(self._heap)
            call, timer.call = timer.call, None
            if call is not None:
                try:
                    call()
                except Exception:  # the others are still to come
                    log.exception("a timer of live work")
        self._wait()
