"""Several runs in one Python process, each on its own port, in one database."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import crowdcore
from crowdcore import RunError, RunHandle
from crowdcore.testing import Browserless, ManualClock
from crowdcore.testing.server import until
from tests.runs.conftest import Launch, Resume, let_end


def test_two_runs_are_served_at_once_and_know_nothing_of_each_other(launched: Launch, clock: ManualClock) -> None:
    first, second = launched("first", assignments=1), launched("second", assignments=2)
    assert first.url != second.url
    person = Browserless(first.url, worker_id="x").enter()
    stranger = Browserless(second.url, worker_id="x").enter()
    stranger.document["token"] = person.document["token"]
    assert stranger.submit({"text": "a token of the other run"}).status_code == 401
    assert person.submit({"text": "x"}).status_code == 200
    assert let_end(first, clock) == "all units are done"
    assert Browserless(second.url, worker_id="y").enter().document["phase"] == "work"


def test_wait_reports_on_all_runs_and_returns_when_all_have_ended(launched: Launch, clock: ManualClock) -> None:
    both = [launched("first", assignments=1), launched("second", assignments=1)]
    lines: list[str] = []
    waiting = threading.Thread(target=lambda: crowdcore.wait(*both, log_rate=0.05, report=lines.append))
    waiting.start()
    until(lambda: len({line.split(":")[0] for line in lines}) == 2)
    for handle in both:
        Browserless(handle.url, worker_id="x").enter().submit({"text": "x"})

    def ended() -> bool:
        clock.advance(1.0)
        waiting.join(0.02)
        return not waiting.is_alive()

    until(ended)
    assert any(line.startswith("first-1: 1 launched, 0 worked on, 0 completed") for line in lines)


def test_a_task_is_launched_again_and_again(tmp_path: Path, handles: list[RunHandle]) -> None:
    config = {"task": {"name": "demo"}, "blueprint": {"type": "mock"}, "architect": {"type": "local", "port": 0}}
    for number in (1, 2):
        handles.append(crowdcore.launch(config, data_dir=tmp_path / "data"))
        assert handles[-1].name == f"demo-{number}"


def test_a_run_of_this_process_is_not_resumed_a_second_time(launched: Launch, resumed: Resume) -> None:
    handle = launched()
    with pytest.raises(RunError, match=f"run {handle.name} is served by process \\d+ already"):
        resumed(handle.name)
    assert Browserless(handle.url, worker_id="x").enter().document["phase"] == "work"


def test_a_handle_of_an_ended_run_can_be_asked_all_the_same(launched: Launch, clock: ManualClock) -> None:
    handle = launched(assignments=1)
    Browserless(handle.url, worker_id="x").enter().submit({"text": "x"})
    let_end(handle, clock)
    assert handle.drain() == 0.0
    handle.stop()
    assert not handle.resumable
    assert handle.counters.done == 1


def test_a_run_that_has_ended_leaves_no_thread_of_its_own_behind(launched: Launch, clock: ManualClock) -> None:
    before = set(threading.enumerate())
    handle = launched(assignments=1)
    Browserless(handle.url, worker_id="x").enter().submit({"text": "x"})
    assert set(threading.enumerate()) - before  # those of the test before may be ending still
    let_end(handle, clock)
    until(lambda: not [t for t in threading.enumerate() if t not in before and t.name.startswith("crowd-")])
