"""For authors of plugins: a clock that tests move, a run served in the test's process or as one of its
own, a worker's client, a result as review shows it. `crowdcore.testing.contracts` holds test suites. May import
every room but cli."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the plugin `mock` lies here too: a run that uses it needs none of these
    from crowdcore.testing.clock import ManualClock, RunningClock
    from crowdcore.testing.live import LivePerson
    from crowdcore.testing.process import Machine, Served
    from crowdcore.testing.review import Stored, render, stored
    from crowdcore.testing.server import Browserless, serve, until

if sys.modules.get("pytest") is not None:  # failing suites then show what they compared, like the author's own tests
    sys.modules["pytest"].register_assert_rewrite("crowdcore.testing.contracts")

_MODULE_OF = {
    "Browserless": "server", "LivePerson": "live", "Machine": "process", "ManualClock": "clock",
    "RunningClock": "clock", "Served": "process", "Stored": "review", "render": "review", "serve": "server",
    "stored": "review", "until": "server",
}  # fmt: skip

__all__ = [
    "Browserless", "LivePerson", "Machine", "ManualClock", "RunningClock", "Served", "Stored", "contracts", "render",
    "serve", "stored", "until",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(f"crowdcore.testing.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module 'crowdcore.testing' has no attribute {name!r}")
