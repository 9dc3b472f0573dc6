"""For authors of plugins: a clock that tests move, a run served in the test's process, a worker's client."""

from __future__ import annotations

from crowdcore.testing.clock import ManualClock
from crowdcore.testing.serving import Browserless, serve

__all__ = ["Browserless", "ManualClock", "serve"]
