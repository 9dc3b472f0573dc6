"""A run that names the bot: nothing is launched without the key, and its instructions are those of the launch."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.testing import Machine
from plugins.bot_openai.tests.conftest import KEY

TASK = """
task: {name: talk}
blueprint: {type: mock, num_assignments: 1}
provider: {type: mock}
architect: {port: 0}
pairing: {on_timeout: stand_in, stand_in: {type: openai, model: small-1, instructions_file: told.txt}}
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with that task and no key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "task.yaml").write_text(TASK)
    (tmp_path / "told.txt").write_text("Be kind.")
    return Machine(tmp_path)


def test_without_the_key_nothing_is_launched(machine: Machine) -> None:
    done = machine.crowd("run", "task.yaml")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "error: pairing.stand_in.0: bot 'openai': the key is missing: set the environment variable OPENAI_API_KEY, "
        'or write key_variable: "" if the service needs no key'
    )
    assert "serving" not in done.stdout


def test_a_resume_uses_the_instructions_of_the_launch_and_the_key_is_stored_nowhere(
    machine: Machine, tmp_path: Path
) -> None:
    machine.environment["OPENAI_API_KEY"] = KEY
    with machine.serve("run", "task.yaml") as served:
        served.kill()
    (tmp_path / "told.txt").unlink()
    with machine.serve("resume") as served:
        served.kill()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if path.name.endswith("told.txt")], "the run keeps a copy"
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
