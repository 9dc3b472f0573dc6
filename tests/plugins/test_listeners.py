"""A listener that fails or hangs is named in the log and keeps nothing from the others."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from crowdcore import hookimpl
from crowdcore.base.limiter import Limiters
from crowdcore.testing.patience import PATIENCE
from crowdcore.types import RunFinished
from tests.plugins.conftest import Runs, Task

EVENT = RunFinished(5, 1.0, "finished", "all done")


def test_every_listener_is_told_in_order_though_one_raises(
    task: Task, runs_of: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[tuple[str, int]] = []
    text = "from crowdcore import hookimpl\n@hookimpl\ndef on_run_finished(event):\n    raise OSError('no mail')\n"
    task.write("hooks.py", text)

    class First:
        @hookimpl
        def on_run_finished(self, event: RunFinished) -> None:
            heard.append(("first", event.event))

    class Second:
        @hookimpl
        def on_run_finished(self, event: RunFinished) -> None:
            heard.append(("second", event.event))

    built_in = {"metrics": First()}
    hooks = runs_of.hooks(task.load(), built_in=built_in, hooks=[Second()])
    with caplog.at_level(logging.ERROR):
        asyncio.run(hooks.listen("on_run_finished", EVENT))
    assert heard == [("second", 5), ("first", 5)]
    assert caplog.messages == ["on_run_finished of plugin hooks.py: OSError: no mail (hooks.py:4) [event 5]"]


def test_a_listener_that_hangs_stops_only_itself(task: Task, runs_of: Runs, caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    heard: list[int] = []

    class Hangs:
        @hookimpl
        def on_run_finished(self) -> None:
            release.wait(PATIENCE)

    class Hears:
        @hookimpl
        def on_run_finished(self, event: RunFinished) -> None:
            heard.append(event.event)

    limiters = Limiters()
    limiters.get("listener", "hooks 2").limit = 0.05
    hooks = runs_of.hooks(task.load(), limiters, hooks=[Hears(), Hangs()])

    async def main() -> None:
        for _ in range(3):
            await hooks.on_run_finished(EVENT)

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    release.set()
    assert heard == [5, 5, 5]
    busy = "on_run_finished of plugin hooks 2: too many calls at once; try again soon [event 5]"
    assert caplog.messages == ["on_run_finished of plugin hooks 2: took longer than 0.05 seconds [event 5]", busy, busy]
