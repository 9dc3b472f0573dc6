"""A command and an exporter of third parties: what is stored, read and changed through public names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from crowdcore.testing import Browserless, Machine

TASK = """
task: {name: birds, reward: 0.10}
blueprint: {type: mock, num_assignments: 5}
architect: {port: 0}
"""


def test_a_command_reads_what_is_stored_and_grants_beside_a_served_run(
    machine: Machine, task: Callable[..., None], tmp_path: Path
) -> None:
    task(TASK)
    with machine.serve("run", "task.yaml") as served:
        for name, text in (("x", "robin"), ("=y", "a|b"), ("x", "wren")):
            Browserless(served.url, worker_id=name).enter().submit({"text": text})
        done = machine.crowd("totals", "birds", "--star", "expert")
        assert (done.returncode, done.stderr) == (0, "x has expert\n")
        assert done.stdout.splitlines() == ["x,2,0.2", "'=y,1,0.1"]
    grants = json.loads(machine.crowd("worker", "show", "x", "--json").stdout)["grants"]
    assert grants["expert"]["value"] == 1
    assert machine.crowd("totals", "birds", "--csv", "totals.csv").returncode == 0
    assert (tmp_path / "totals.csv").read_text() == "x,2,0.2\n'=y,1,0.1\n"


def test_its_mistakes_are_lines_like_those_of_the_core(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK)
    with machine.serve("run", "task.yaml"):
        pass
    done = machine.crowd("totals", "bird")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: no task named 'bird'; did you mean 'birds'? `crowd runs` lists all of them\n"


def test_an_exporter_writes_the_rows(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK)
    with machine.serve("run", "task.yaml") as served:
        Browserless(served.url, worker_id="x").enter().submit({"text": "a|b"})
    done = machine.crowd("export", "birds", "--format", "markdown")
    assert done.stdout == "| worker | text |\n| --- | --- |\n| x | a\\|b |\n"
