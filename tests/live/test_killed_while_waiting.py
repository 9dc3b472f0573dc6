"""kill -9 while somebody waits: after a resume each of the five outcomes comes, when the time that was left is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.runs.supervise import HEARTBEAT
from crowdcore.store import Database, open_database
from crowdcore.store.queries import events
from crowdcore.testing import LivePerson, Machine
from tests.chaos.checks import faults

TIMEOUT = 600.0
TASK = f"""
task: {{name: t, reward: 0.50}}
blueprint: {{type: mock_live, num_assignments: 2}}
provider: {{type: inhouse}}
architect: {{type: local, port: 0}}
pairing: {{timeout: {TIMEOUT:.0f}s, on_timeout: OUTCOME, stand_in: {{type: echo}}, waiting_pay: 0.05}}
hooks: hooks.py
"""
# The server's clock is as far ahead of the machine's as the file `ahead` says, which grows.
HOOKS = """
import pathlib
import time
from crowdcore.base.clock import SystemClock

SystemClock.ticks = lambda self: time.monotonic() + float(pathlib.Path("AHEAD").read_text())
"""


def decided(database: Database) -> list[str]:
    """What was decided so far."""
    found = database.read(lambda c: events.after(c, 1, 0, 100_000))
    return [event.data["decision"] for event in found if event.kind == "pairing_decided"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("launch_reduced", "in_task"), ("stand_in", "in_task"), ("release", "ended"), ("requeue", "waiting"),
     ("wait", "waiting")],
)  # fmt: skip
def test_the_outcome_comes_after_a_resume(tmp_path: Path, outcome: str, status: str) -> None:
    machine, ahead = Machine(tmp_path), tmp_path / "ahead"
    (tmp_path / "task.yaml").write_text(TASK.replace("OUTCOME", outcome))
    (tmp_path / "hooks.py").write_text(HOOKS.replace("AHEAD", str(ahead)))
    move(ahead, 0)
    with machine.serve("run", "task.yaml") as served:
        before = LivePerson(served.url, "one")
        before.wait("status", status="waiting")
        served.kill()
    with machine.serve("resume") as served:
        one = LivePerson(served.url, "one")
        assert one.agent == before.agent
        waiting = one.wait("status", status="waiting")["waiting"]
        left = waiting["until"] - waiting["now"]
        assert left <= TIMEOUT + HEARTBEAT  # a crash gives back what was served since the last one
        database = open_database(None, machine.data_dir, create=False)
        move(ahead, left / 2)
        one.page.call("GET", "")
        assert decided(database) == []
        move(ahead, left)
        frame = one.wait("status", status=status)
        assert decided(database) == [outcome]
        assert (frame["waiting"] is not None) == (status == "waiting")
        one.close()
        served.kill()
    try:
        assert faults(database) == []
    finally:
        database.close()


def move(ahead: Path, seconds: float) -> None:
    """Set the server's clock forward: at once, for it reads the file all the time."""
    ahead.with_suffix(".new").write_text(str(seconds))
    ahead.with_suffix(".new").replace(ahead)
