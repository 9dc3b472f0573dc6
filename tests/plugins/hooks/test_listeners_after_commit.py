"""Listeners are told after the commit, in order, at least once, whatever happens to the process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crowdcore import UnitSubmitted, hookimpl
from crowdcore.testing import Browserless, Machine, until
from tests.plugins.hooks.conftest import Served

SLOW_FOR_THE_FIRST = """
import time
from pathlib import Path

HERE = Path(__file__).parent

def write(run, line):
    with (HERE / "told.txt").open("a") as file:
        file.write(line + "\\n")

@hookimpl
def on_unit_submitted(run, event):
    write(run, f"begin {event.worker.name}")
    while not (HERE / "go").exists():
        time.sleep(0.01)
    write(run, f"end {event.worker.name}")
"""


def test_another_process_sees_what_a_listener_is_told(served: Served, machine: Machine) -> None:
    seen: list[list[str]] = []

    class Reader:
        @hookimpl
        def on_unit_submitted(self, event: UnitSubmitted) -> None:
            seen.append([row["data"]["text"] for row in machine.exported("demo")])

    run = served(Reader())
    Browserless(run.url, worker_id="x").enter().submit({"text": "stored"})
    assert until(lambda: seen) == [["stored"]]


def test_a_refused_submission_is_told_nobody(served: Served) -> None:
    told: list[str] = []

    class Strict:
        @hookimpl
        def blueprint_validate(self, data: dict[str, str]) -> dict[str, list[str]]:
            return {} if data["text"] else {"text": ["Please write something."]}

        @hookimpl
        def on_unit_submitted(self, event: UnitSubmitted) -> None:
            told.append(event.agent.state.data["text"])

    run = served(Strict())
    worker = Browserless(run.url, worker_id="x").enter()
    assert worker.submit({"text": ""}).status_code == 422
    assert worker.submit({"text": "first"}).status_code == 200
    assert worker.submit({"text": "first"}).status_code == 200, "a repeat"
    Browserless(run.url, worker_id="y").enter().submit({"text": "second"})
    until(lambda: len(told) == 2)
    assert told == ["first", "second"]


def test_each_unit_is_told_once_also_those_submitted_just_before_kill_9(
    machine: Machine, task: Callable[..., None], tmp_path: Path
) -> None:
    task(SLOW_FOR_THE_FIRST)
    told = tmp_path / "told.txt"
    with machine.serve("run", "task.yaml") as process:
        Browserless(process.url, worker_id="a").enter().submit({"text": "1"})
        until(lambda: told.exists() and told.read_text())
        for worker in ("b", "c"):  # the listener is busy: these wait
            assert Browserless(process.url, worker_id=worker).enter().submit({"text": "2"}).is_success
        process.kill()
    assert told.read_text().split("\n") == ["begin a", ""]
    (tmp_path / "go").touch()
    with machine.serve("resume") as process:
        assert process.wait() == 0
    again = "begin a, end a"  # the call that was cut off: listeners are told at least once
    assert told.read_text().replace("\n", ", ") == f"begin a, {again}, begin b, end b, begin c, end c, "


def test_a_listener_that_fails_undoes_nothing_and_misses_nothing_else(served: Served) -> None:
    told: list[str] = []

    class Failing:
        @hookimpl
        def on_unit_submitted(self, event: UnitSubmitted) -> None:
            told.append(event.worker.name)
            raise RuntimeError("the mail server is down")

    class Other:
        @hookimpl
        def on_unit_submitted(self, event: UnitSubmitted) -> None:
            told.append(f"other {event.worker.name}")

    run = served(Failing(), Other())
    for worker in ("x", "y"):
        assert Browserless(run.url, worker_id=worker).enter().submit({"text": "1"}).is_success
    until(lambda: len(told) == 4)
    assert told == ["other x", "x", "other y", "y"]
    assert until(lambda: run.counters.done == 2)
