"""A clock that stands still until a test moves it."""

from __future__ import annotations

import threading


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
