"""What comes to a run's event loop from another thread may come too late: the loop has ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context
from pathlib import Path
from typing import Any, TypeVarTuple, Unpack

import pytest

import crowdcore
from crowdcore import ConfigError, RunError, hookimpl
from crowdcore.testing import Browserless, ManualClock
from crowdcore.testing.patience import PATIENCE
from tests.runs.conftest import let_end

Arguments = TypeVarTuple("Arguments")
CONFIG = {
    "task": {"name": "demo", "reward": 1},
    "blueprint": {"type": "mock", "num_assignments": 1},
    "architect": {"type": "local", "port": 0},
}


class EndsMeanwhile(asyncio.SelectorEventLoop):
    """Ends at the instant in which the main thread has something to tell it."""

    def __init__(self) -> None:
        super().__init__()
        self.told, self.ended = threading.Event(), threading.Event()

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        if threading.current_thread() is threading.main_thread():
            self.told.set()
            self.ended.wait(PATIENCE)
        return super().call_soon_threadsafe(callback, *args, context=context)

    def close(self) -> None:
        self.told.wait(PATIENCE)
        super().close()
        self.ended.set()


class EndsLate(asyncio.SelectorEventLoop):
    """Is closed only after the main thread has told it something and had its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        if threading.current_thread() is threading.main_thread():
            self.asked += 1
        return super().call_soon_threadsafe(callback, *args, context=context)

    async def shutdown_asyncgens(self) -> None:
        while self.asked < 2:
            await asyncio.sleep(0.001)
        await super().shutdown_asyncgens()


class Refusing:
    """A provider that lets nothing be launched."""

    @hookimpl
    def provider_check(self) -> list[str]:
        return ["the key is missing"]


def test_a_refused_launch_says_why_also_when_its_loop_ends_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uvloop.new_event_loop", EndsMeanwhile)
    with pytest.raises(ConfigError, match="the key is missing"):
        crowdcore.launch(CONFIG, data_dir=tmp_path / "data", hooks=[Refusing()])


@pytest.mark.parametrize("loop", [None, EndsLate], ids=["its loop is closed", "its loop comes to its end"])
def test_a_hook_that_outlives_its_run_is_told_that_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: type[asyncio.AbstractEventLoop] | None
) -> None:
    if loop is not None:
        monkeypatch.setattr("uvloop.new_event_loop", loop)
    kept: list[Any] = []

    class Keeping:
        @hookimpl
        def provider_setup(self, run: Any) -> None:
            kept.append(run)

    clock = ManualClock()
    handle = crowdcore.launch(CONFIG, data_dir=tmp_path / "data", hooks=[Keeping()], clock=clock)
    handle.launched()
    Browserless(handle.url, worker_id="x").enter().submit({"text": "x"})
    let_end(handle, clock)
    if loop is None:
        handle._host._thread.join(PATIENCE)
    with pytest.raises(RunError, match="run demo-1 has ended"):
        kept[0].visit_returned("visit-1")
    with pytest.raises(RunError, match="run demo-1 has ended"):
        kept[0].serve(None, host="127.0.0.1", port=0)
