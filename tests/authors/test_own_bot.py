"""A bot of a third party: known by its name, checked with the task that names it, asked with all that was said."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from crowdcore.testing import Browserless, Machine

TASK = """
task: {name: count}
blueprint: {type: mock, num_assignments: 1}
pairing: {on_timeout: stand_in, stand_in: [{type: polite, patience: 1}]}
architect: {port: 0}
"""
TALK = """
import json
from crowdcore.bots import Act
from crowdcore.config import load_config
from crowdcore.plugins import catalogue

choice = load_config("task.yaml").pairing.stand_in[0]
said = []
for turn in ("Ann", "Ann", None):
    bot = catalogue().load("bot", choice.type)()  # a new one each time, as after a restart
    bot.options = choice.options
    answer = bot.act({"topic": "tea"}, said, "Guest")
    if answer is not None:
        said.append(Act("Guest", answer))
    if turn is not None:
        said.append(Act(turn, {"text": "Yes."}))
print(json.dumps([act.data["text"] for act in said]))
"""


@pytest.fixture
def words(machine: Machine, task: Callable[..., None]) -> list[str]:
    task(TASK)
    command = [str(machine.python), "-c", TALK]
    environment, folder = machine.environment, machine.folder
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_it_goes_on_from_what_was_said_with_the_options_of_the_task(words: list[str]) -> None:
    assert words == ["Hello! Let us talk about tea.", "Yes.", "Thank you.", "Yes.", "Goodbye."]


def test_a_run_that_names_it_is_launched_and_resumed(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK)
    with machine.serve("run", "task.yaml") as served:
        worker = Browserless(served.url, worker_id="x").enter()
        served.kill()
    with machine.serve("resume") as served:
        assert Browserless(served.url, worker_id="x").enter().document["agent"] == worker.document["agent"]


def test_its_options_are_checked_before_anything_is_launched(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK.replace("patience: 1", "patience: none"))
    done = machine.crowd("run", "task.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: task.yaml:4: pairing.stand_in.0.patience: bot 'polite' option 'patience': "
        "expected a whole number, got 'none'\n"
    )
    assert "How often it says thanks before goodbye" in machine.crowd("options", "bot=polite").stdout
