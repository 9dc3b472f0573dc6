"""What did not arrive on the platform can be said better, and what is taken back before it arrived is not sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crowdcore.testing import Browserless, Machine
from tests.review.conftest import Task, lines, paid

Submit = Callable[..., list[Browserless]]

PEOPLE = """

    @hookimpl
    def provider_block(self, worker, reason):
        self.note(f"block {worker.name}: {reason}")

    @hookimpl
    def provider_unblock(self, worker, reason):
        self.note(f"unblock {worker.name}")

    @hookimpl
    def provider_qualify(self, worker, qualification, value):
        self.note(f"qualify {worker.name} {qualification} {value}")

    @hookimpl
    def provider_unqualify(self, worker, qualification):
        self.note(f"unqualify {worker.name} {qualification}")
"""


@pytest.fixture
def done(task: Task, submit: Submit, tmp_path: Path) -> Machine:
    """x has submitted unit 1 in visit A, was paid, and nobody serves the run; the office does not answer."""
    machine = task(office=True, assignments=1)
    office = tmp_path / "office.py"
    kinds = '"message", "block", "unblock", "qualify", "unqualify"})'
    office.write_text(office.read_text().replace('"message"})', kinds) + PEOPLE)
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "x", assignment_id="A")
        paid(machine, 1)
    (tmp_path / "closed").touch()
    return machine


def crowd(machine: Machine, *words: str) -> str:
    ran = machine.crowd(*words)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def asked(machine: Machine) -> list[str]:
    """What the office was asked to do, but for the reward."""
    return [line for line in lines(machine.folder, "office.txt") if not line.endswith("for reward")]


def states(machine: Machine) -> dict[str, str]:
    """State by what is to be said (the first word that is there) or key."""
    rows = json.loads(crowd(machine, "outbox", "t", "--all", "--json"))
    return {row["key"]: row["state"] for row in rows if row["kind"] != "reward"}


@pytest.mark.parametrize("tries", [1, 2])
def test_a_better_reason_takes_the_place_of_one_that_was_refused(done: Machine, tries: int) -> None:
    for n in range(tries):
        crowd(done, "review", "reject", "1", "--reason", f"bad {n}", "--visit")
        assert states(done) == {"reject:visit:1": "failed"}
    (done.folder / "closed").unlink()
    crowd(done, "review", "reject", "1", "--reason", "you skipped question 3", "--visit")
    assert asked(done) == ["reject A: you skipped question 3"]
    crowd(done, "review", "reject", "1", "--reason", "something else", "--visit")
    assert asked(done) == ["reject A: you skipped question 3"], "it has arrived: nothing is said twice"
    assert "you skipped question 3" in crowd(done, "review", "list", "t", "--status", "rejected")
    assert crowd(done, "outbox", "t") == "t: nothing failed and nothing is in doubt\n"
    crowd(done, "db", "check")


def test_a_rejection_that_is_taken_back_is_withdrawn_with_its_message(done: Machine) -> None:
    crowd(done, "review", "reject", "1", "--reason", "empty", "--visit", "--tell")
    assert sorted(states(done).values()) == ["failed", "failed"]
    (done.folder / "closed").unlink()
    crowd(done, "review", "accept", "1")
    assert asked(done) == ["approve A"]
    assert sorted(states(done).values()) == ["confirmed", "withdrawn", "withdrawn"]
    assert crowd(done, "outbox", "t", "--again-failed") == "0 settled\n"
    assert asked(done) == ["approve A"]
    crowd(done, "db", "check")


@pytest.mark.parametrize(
    ("first", "then", "arrives"),
    [
        (["block", "x", "--reason", "span"], ["block", "x", "--reason", "spam"], "block x: spam"),
        (["block", "x", "--reason", "spam"], ["unblock", "x"], "unblock x"),
        (["grant", "x", "good", "1"], ["grant", "x", "good", "2"], "qualify x good 2"),
        (["grant", "x", "good"], ["revoke", "x", "good"], "unqualify x good"),
    ],
)
def test_only_the_last_word_about_a_worker_is_sent(
    done: Machine, first: list[str], then: list[str], arrives: str
) -> None:
    crowd(done, "worker", "grant", "x", "other")
    crowd(done, "worker", *first)
    machine_says = done.crowd("outbox", "t", "--send")
    assert "did not go through" in machine_says.stderr
    crowd(done, "worker", *then)
    (done.folder / "closed").unlink()
    crowd(done, "outbox", "t", "--again-failed", "--send")
    assert sorted(asked(done)) == sorted([arrives, "qualify x other 1"]), "another qualification is another matter"
    assert crowd(done, "outbox", "t") == "t: nothing failed and nothing is in doubt\n"
    crowd(done, "db", "check")


def test_another_message_takes_the_place_of_one_that_was_refused(done: Machine) -> None:
    crowd(done, "review", "soft-reject", "1", "--note", "hm", "--tell")
    (done.folder / "closed").unlink()
    crowd(done, "review", "accept", "1", "--note", "thank you", "--tell")
    assert [line for line in asked(done) if line.startswith("tell")] == ["tell x: thank you"]
    crowd(done, "outbox", "t", "--again-failed")
    assert [line for line in asked(done) if line.startswith("tell")] == ["tell x: thank you"]
