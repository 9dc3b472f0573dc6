"""A launch that broke off at its very first commit can be resumed, or ended, like any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crowdcore import load_config
from crowdcore.plugins import RunPlugins
from crowdcore.store import open_database
from crowdcore.store.queries import runs
from crowdcore.testing.process import Machine
from crowdcore.testing.server import until

TASK = """
task: {name: demo, reward: 1}
blueprint: {type: ./task_blueprint.py:Blueprint}
architect: {type: local, port: 0}
hooks: hooks.py
"""
BLUEPRINT = """
from crowdcore import hookimpl
from crowdcore.testing.mock import MockBlueprint


class Blueprint(MockBlueprint):
    @hookimpl
    def blueprint_task_data(self, run, start=0):
        return ({"n": n} for n in range(start, 7))
"""
HOOKS = """
from crowdcore import hookimpl


@hookimpl
def on_run_launched(run, event):
    (run.task_dir / "launched.txt").write_text(str(event.units))
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """The run demo-1 is stored, and nothing else: its process was killed before it kept the task's files."""
    for name, text in (("task.yaml", TASK), ("task_blueprint.py", BLUEPRINT), ("hooks.py", HOOKS)):
        (tmp_path / name).write_text(text)
    config = load_config(tmp_path / "task.yaml")
    database = open_database(None, tmp_path / "data")
    database.write(
        lambda c: runs.create(
            c, task="demo", config=config.stored(), config_hash=config.hash, plugins=RunPlugins(config).versions(),
            provider=config.provider.type, currency=config.currency, requester=None, now=1_000_000.0,
        )
    )  # fmt: skip
    database.close()
    return Machine(tmp_path)


def test_it_is_launched_by_resume_with_the_files_as_they_are_now(machine: Machine) -> None:
    with machine.serve("resume", "--no-open") as served:
        served.expect(r"run demo-1 .*: \d units? launched")
        until(lambda: json.loads(machine.crowd("status", "--json").stdout)["units"] == {"launched": 7})
        (machine.folder / "hooks.py").unlink()  # kept by now
        served.kill()
    with machine.serve("resume", "--no-open") as served:
        machine.crowd("stop", "demo-1")
        assert served.wait() == 0
    assert 1 <= int((machine.folder / "launched.txt").read_text()) <= 7


def test_it_is_ended_by_stop(machine: Machine) -> None:
    done = machine.crowd("stop", "demo-1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "demo-1 is ended; 0 open units expired\n", "")
