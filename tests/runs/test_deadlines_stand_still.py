"""Nobody loses time while no server runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.testing import Browserless, ManualClock
from crowdcore.testing.process import Machine
from crowdcore.testing.server import until
from tests.runs.conftest import Launch, Resume

MINUTE = 60.0


def test_after_an_outage_a_worker_has_as_much_time_left_as_before(
    launched: Launch, resumed: Resume, clock: ManualClock
) -> None:
    handle = launched(assignment_duration="10m")
    person = Browserless(handle.url, worker_id="x").enter()
    assert person.document["deadline"] == clock.now() + 10 * MINUTE
    clock.advance(6 * MINUTE)
    handle.stop()
    clock.advance(300 * MINUTE)
    handle = resumed(handle.name)
    again = Browserless(handle.url, worker_id="x").enter()
    assert again.document["agent"] == person.document["agent"]
    assert again.document["deadline"] == pytest.approx(clock.now() + 4 * MINUTE)
    clock.advance(3.9 * MINUTE)
    assert again.call("PUT", "/draft", json={"text": "nearly"}).status_code == 204
    clock.advance(0.2 * MINUTE)
    until(lambda: handle.counters.agents["ended"] == 1)
    assert again.call("PUT", "/draft", json={"text": "too late"}).json()["code"] == "expired"


def test_a_clock_that_jumps_ends_nobodys_work(launched: Launch, clock: ManualClock) -> None:
    handle = launched(assignment_duration="10m", patience=0)
    person = Browserless(handle.url, worker_id="x").enter()
    for jump, left in ((20 * MINUTE, 9 * MINUTE), (-60 * MINUTE, 8 * MINUTE)):
        clock.jump(jump)
        clock.advance(MINUTE)
        assert person.call("GET", "").json()["deadline"] == pytest.approx(clock.now() + left)
    assert person.submit({"text": "x"}).status_code == 200


def test_a_deadline_moves_on_by_at_least_the_time_after_kill_minus_nine(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(
        "task: {name: demo, assignment_duration: 10m}\nblueprint: {type: mock}\narchitect: {type: local, port: 0}\n"
    )
    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml", "--no-open") as served:
        before = Browserless(served.url, worker_id="x").enter().document
        served.kill()
    with machine.serve("resume", "--no-open") as served:
        after = Browserless(served.url, worker_id="x").enter().document
    assert after["agent"] == before["agent"]
    assert after["deadline"] >= before["deadline"]
