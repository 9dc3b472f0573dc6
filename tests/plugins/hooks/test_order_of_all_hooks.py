"""The order of every hook call of one run, from launch to end, is written down in golden/hook_order.txt."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from crowdcore import RunHandle
from crowdcore.testing import Browserless, ManualClock, serve
from crowdcore.testing.patience import PATIENCE
from tests.plugins.hooks.recorder import Recorder

GOLDEN = Path(__file__).parent / "golden" / "hook_order.txt"
TASK = {
    "task": {"name": "order", "assignment_duration": "30m"},
    "blueprint": {"type": "mock", "num_assignments": 1},
    "provider": {"type": "mock"},
}


class Script:
    """The run's story: after each step, what was called (again and again counts once) and what listeners were told."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._calls = self._told = 0
        self.lines: list[str] = []

    def step(self, title: str) -> None:
        calls = [line for line in self._recorder.calls if line != "architect_status"]  # asked when it is time
        told = list(self._recorder.told)
        self.lines += [f"# {title}", *(name for name, _ in groupby(calls[self._calls :]))]
        self.lines += [f"  then {line}" for line in told[self._told :]]
        self._calls, self._told = len(calls), len(told)


def arrive(run: RunHandle, worker: str) -> Browserless:
    return Browserless(run.url, worker_id=worker, assignment_id=worker).enter()


def play(tmp_path: Path, recorder: Recorder, clock: ManualClock, step: Callable[[str], None]) -> None:
    with serve(TASK, data_dir=tmp_path / "data", hooks=[recorder.plugin], clock=clock) as run:
        recorder.wait_until_told("on_run_launched")
        step("the run is launched")
        Browserless(run.url).enter()
        step("somebody looks at the preview")
        refused = arrive(run, "refused")
        assert refused.code == "not_qualified"
        step("a worker is refused")
        returning = arrive(run, "returning")
        step("a worker enters")
        returning.call("POST", "/return")
        recorder.wait_until_told("on_agent_ended returned returning")
        step("and gives the work back")
        arrive(run, "slow")
        clock.advance(31 * 60)
        recorder.wait_until_told("on_agent_ended timed_out slow")
        recorder.wait_until_called("provider_sync")
        step("a worker enters, and the time is over")
        good = arrive(run, "good")
        good.call("GET", "")
        step("a worker enters, and reloads the page")
        assert good.submit({"text": ""}).status_code == 422
        step("submits nothing")
        assert good.submit({"text": "done"}).status_code == 200
        recorder.wait_until_told("on_unit_submitted good")
        recorder.wait_until_called("provider_pending")
        step("and submits")
        for look in (1, 2, 3):  # 5 s of quiet are counted from a look at the empty run
            recorder.wait_until_called("provider_pending", look, or_else="provider_cleanup")
            clock.advance(6)
        assert run.wait(PATIENCE) == "all units are done"
        step("the run ends by itself")


def test_every_hook_of_a_run_is_called_in_the_golden_order(tmp_path: Path) -> None:
    recorder = Recorder()
    script = Script(recorder)
    play(tmp_path, recorder, ManualClock(), script.step)
    text = "\n".join(script.lines) + "\n"
    if os.environ.get("CROWD_WRITE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()
