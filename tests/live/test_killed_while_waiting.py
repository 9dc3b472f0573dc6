"""kill -9 while somebody waits: after a resume each of the five outcomes comes, in the time that was left."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from crowdcore.runs.supervise import HEARTBEAT
from crowdcore.store import open_database
from crowdcore.testing import LivePerson, Machine
from tests.chaos.checks import faults

TASK = """
task: {{name: t, reward: 0.50}}
blueprint: {{type: mock_live, num_assignments: 2}}
provider: {{type: inhouse}}
architect: {{type: local, port: 0}}
pairing: {{timeout: 3s, on_timeout: {outcome}, stand_in: {{type: echo}}, waiting_pay: 0.05}}
"""


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("launch_reduced", "in_task"), ("stand_in", "in_task"), ("release", "ended"), ("requeue", "waiting"),
     ("wait", "waiting")],
)  # fmt: skip
def test_the_outcome_comes_after_a_resume(tmp_path: Path, outcome: str, status: str) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "task.yaml").write_text(TASK.format(outcome=outcome))
    with machine.serve("run", "task.yaml") as served:
        before = LivePerson(served.url, "one")
        before.wait("status", status="waiting")
        served.kill()
    with machine.serve("resume") as served:
        one = LivePerson(served.url, "one")
        assert one.agent == before.agent
        waiting = one.wait("status", status="waiting")["waiting"]
        left = waiting["until"] - waiting["now"]
        assert left <= 3.0 + HEARTBEAT  # a crash gives back what was served since the last one
        began = time.monotonic()
        frame = one.wait("status", status=status)
        assert time.monotonic() - began >= left - 0.25
        assert (frame["waiting"] is not None) == (status == "waiting")
        one.close()
        served.kill()
    database = open_database(None, machine.data_dir, create=False)
    try:
        assert faults(database) == []
    finally:
        database.close()
