"""Clocks that tests move: one stands still by itself, the other goes as the machine's do."""

from __future__ import annotations

import threading
import time


class ManualClock:
    """Wall time and ticks as a test wants them; starts at 1,000,000 s, moved by any thread."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self._now = now
        self._ticks = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def ticks(self) -> float:
        """Monotonic seconds."""
        return self._ticks

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        with self._lock:
            self._now += seconds
            self._ticks += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward (or back, if negative); monotonic time does not move."""
        with self._lock:
            self._now += seconds


class RunningClock:
    """The machine's clocks, which a test may set forward: for what has to wait in the middle of what must not."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead

    def ticks(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once on both clocks; call it from one thread."""
        self._ahead += seconds
