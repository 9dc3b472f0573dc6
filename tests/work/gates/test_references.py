"""Names in `gates:` that mean nothing refuse the launch: a condition is never dropped without a word."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crowdcore import ConfigError
from crowdcore.cli.group import crowd
from crowdcore.errors import CrowdError
from crowdcore.testing import Browserless, Machine
from tests.work.gates.conftest import Desk

NOBODY: dict[str, Any] = {"new_qualifications": []}


def asks(name: str, *providers: str, comparator: str = "exists") -> dict[str, Any]:
    return {"qualifications": [{"name": name, "comparator": comparator, "providers": list(providers)}]}


def refused(desk: Desk, gates: dict[str, Any], **sections: Any) -> list[str]:
    """The lines of the launch's error."""
    with pytest.raises(ConfigError) as error:
        desk.launch(gates, **sections)
    return error.value.problems


@pytest.mark.parametrize(
    ("providers", "meant"),
    [(["inhousee"], "; did you mean 'inhouse'?"), (["mock", "Inhouse"], "; did you mean 'inhouse'?"), (["zzz"], "")],
)
def test_a_condition_for_a_provider_that_is_not_installed_refuses_the_launch(
    desk: Desk, providers: list[str], meant: str
) -> None:
    (line,) = refused(desk, asks("q", *providers))
    assert line.startswith(f"gates.qualifications: 'q' is asked of workers of {providers[-1]!r}, and no provider has")
    assert f"that name{meant}; installed: " in line


@pytest.mark.parametrize(
    ("gates", "key"),
    [
        ({"block_qualification": "spamer"}, "gates.block_qualification"),
        (asks("Spammer", comparator="does_not_exist"), "gates.qualifications"),
        (asks("spammers"), "gates.qualifications"),
        (asks("spammer.faild"), "gates.qualifications"),
    ],
)
def test_a_qualification_that_nobody_knows_refuses_the_launch(desk: Desk, gates: dict[str, Any], key: str) -> None:
    desk.grant("eve", "spammer")
    (line,) = refused(desk, {**NOBODY, **gates})
    name = gates.get("block_qualification") or gates["qualifications"][0]["name"]
    assert line.startswith(f"{key}: no qualification is named {name!r}; did you mean 'spammer")
    assert line.endswith(f"if it is new, say so: gates.new_qualifications: [{name}]")


def test_names_are_known_by_grants_by_the_tasks_own_gates_and_by_tasks_before(desk: Desk) -> None:
    quiz = {"onboarding": {"qualification": "quiz", "data": desk.file("o.json", {"n": 1}), "answers": {"text": "a"}}}
    desk.grant("eve", "spammer")
    desk.launch(
        {**NOBODY, "block_qualification": "spammer", **asks("quiz.failed", comparator="does_not_exist"), **quiz}
    )
    assert desk.worker("eve").code == "not_qualified"
    desk.launch({**NOBODY, **asks("quiz")}, task={"name": "after"})
    assert desk.worker("ann").code == "not_qualified", "nobody has passed the quiz, but it is known"
    desk.launch({"new_qualifications": ["fresh"], "block_qualification": "fresh"}, task={"name": "third"})
    desk.launch({**NOBODY, "block_qualification": "fresh"}, task={"name": "fourth"})


def test_a_refused_launch_makes_no_name_known(desk: Desk) -> None:
    refused(desk, {"new_qualifications": ["typo"], **asks("typo", "nowhere")})
    assert len(refused(desk, {**NOBODY, **asks("typo")})) == 1


def test_a_condition_that_is_asked_of_nobody_here_is_said(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        desk.launch(asks("q", "mock"))
    said = [m for m in caplog.messages if m.startswith("gates.qualifications: 'q' is asked of nobody in this run")]
    assert len(said) == 1


@pytest.mark.parametrize("key", ["block_list", "allow_list"])
@pytest.mark.parametrize("value", ["blocked.txt", "gone", "eve,bob", ["blocked.txt"], ["eve", "more.CSV"]])
def test_a_list_that_is_not_there_is_no_workers_name(desk: Desk, key: str, value: Any) -> None:
    (line,) = refused(desk, {key: value})
    assert key in line
    assert ("no such file" in line) if isinstance(value, str) else ("is a file, not a worker" in line)


def test_a_file_of_one_name_blocks_by_its_content(desk: Desk) -> None:
    desk.launch({"block_list": desk.file("blocked.txt", "eve\n")})
    assert desk.worker("eve").code == "not_qualified"
    assert desk.worker("blocked.txt").reply.status_code == 201


def test_people_are_qualified_and_blocked_before_there_is_anything_else(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    granted = machine.crowd("worker", "grant", "carol", "vip", "2", "--provider", "inhouse")
    assert "carol (inhouse) has vip = 2" in granted.stdout
    blocked = machine.crowd("worker", "block", "eve", "--reason", "spam", "--provider", "inhouse")
    assert "eve (inhouse) is blocked" in blocked.stdout
    task = {"task": {"name": "t"}, "blueprint": {"type": "mock"}, "provider": {"type": "inhouse"}, "gates": asks("vip")}
    (tmp_path / "task.yaml").write_text(json.dumps(task))
    with machine.serve("run", "task.yaml", "--no-open", "architect.port=0") as served:
        assert Browserless(served.url, worker_id="carol").enter().reply.status_code == 201
        assert Browserless(served.url, worker_id="eve").enter().code == "blocked"
        assert Browserless(served.url, worker_id="dan").enter().code == "not_qualified"


def test_who_was_invited_is_known_before_they_come(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    task = {"task": {"name": "t"}, "blueprint": {"type": "mock"}, "provider": {"type": "inhouse", "access": "invite"}}
    (tmp_path / "task.yaml").write_text(json.dumps(task))
    with machine.serve("run", "task.yaml", "--no-open", "architect.port=0"):
        machine.crowd("invite", "t-1", "carol", "dan")
        assert machine.crowd("worker", "block", "carol", "--reason", "spam").returncode == 0
        assert "dan (inhouse) has vip = 1" in machine.crowd("worker", "grant", "dan", "vip").stdout
        assert machine.crowd("invite", "t-1", "carol").stderr.startswith("carol is blocked")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["worker", "block", "new", "--reason", "x"], "no worker is named 'new'; of somebody who has not come yet say"),
        (["worker", "grant", "new", "q", "--provider", "inhuse"], "'inhuse'; did you mean 'inhouse'?"),
        (["worker", "block", " new", "--reason", "x", "--provider", "inhouse"], "' new' is no name of a worker"),
        (["worker", "unblock", "new", "--provider", "inhouse"], "no worker is named 'new' on provider 'inhouse'"),
    ],
)  # fmt: skip
def test_nobody_is_made_up_by_a_misspelt_word(desk: Desk, database_url: str, words: list[str], told: str) -> None:
    desk.launch()
    result = CliRunner().invoke(crowd, ["--data-dir", str(desk.folder / "data"), "--db", database_url, *words])
    assert isinstance(result.exception, CrowdError), result.output
    assert told in str(result.exception)


def test_a_role_that_nobody_can_have_refuses_the_launch(desk: Desk) -> None:
    three = {"roles": ["Teacher", "Student", "Judge"]}
    with pytest.raises(ConfigError) as error:
        desk.launch(blueprint={"type": "mock_live", "units_per_assignment": 2}, pairing=three)
    (line,) = error.value.problems
    assert line.startswith("pairing.roles: 3 roles for 2 seats (blueprint.units_per_assignment), so nobody is 'Judge'")


def test_roles_where_nobody_works_together_refuse_the_launch(desk: Desk) -> None:
    (line,) = refused(desk, {}, pairing={"roles": ["Teacher"]})
    assert line.startswith("pairing.roles: with blueprint 'mock' nobody works together")


def test_what_is_set_for_pairing_where_nobody_works_together_is_a_warning(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.launch(pairing={"timeout": "5m"})
    assert "pairing: does nothing in this run: with blueprint 'mock' nobody works together" in caplog.text
