"""Time, as an object that tests can move.

Two clocks matter (both in seconds): `now()` is wall time since the epoch and may jump; `ticks()` is
monotonic and only ever grows. A run's *service time* is built from ticks, so a jumping wall clock
and an outage cannot end anybody's work (see `deadlines.py`).
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where the product asks what time it is."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""

    def ticks(self) -> float:
        """Seconds on a clock that never goes back; its zero means nothing."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def ticks(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()
