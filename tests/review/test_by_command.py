"""`crowd review`: outcomes by command, beside the server and after it; legal moves only, told once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from crowdcore.testing import Browserless, Machine, until
from tests.review.conftest import Task, lines

Submit = Callable[..., list[Browserless]]


@pytest.fixture
def four(task: Task, submit: Submit) -> Machine:
    """A run that nobody serves any more, with submissions of w, x, y, z for units 1 to 4."""
    machine = task()
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "w", "x", "y", "z")
    return machine


def review(machine: Machine, *words: str) -> str:
    done = machine.crowd("review", *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def refused(machine: Machine, *words: str) -> str:
    done = machine.crowd("review", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("error: ").strip()


def statuses(machine: Machine) -> dict[int, str]:
    return {row["unit"]: row["status"] for row in machine.exported("t")}


def test_what_waits_is_listed_shown_and_decided(four: Machine) -> None:
    assert [line.split()[:3] for line in review(four, "list", "t").splitlines()] == [
        ["1", "completed", "w"], ["2", "completed", "x"], ["3", "completed", "y"], ["4", "completed", "z"]
    ]  # fmt: skip
    shown = review(four, "show", "1", "3")
    assert "unit 1 of t-1, by w (inhouse)" in shown
    assert shown.count("done") == 2
    assert review(four, "accept", "1", "2") == "2 units accepted\n"
    assert review(four, "soft-reject", "3", "--note", "too short") == "1 unit soft rejected\n"
    assert review(four, "reject", "4", "--reason", "empty") == "1 unit rejected\n"
    assert statuses(four) == {1: "accepted", 2: "accepted", 3: "soft_rejected", 4: "rejected"}
    assert review(four, "list", "t") == "t-1: nothing is to be reviewed\n"
    listed = json.loads(review(four, "list", "t-1", "--status", "any", "--worker", "y", "--json"))
    assert [(row["unit"], row["status"], row["note"]) for row in listed] == [(3, "soft_rejected", "too short")]
    assert four.crowd("db", "check").returncode == 0


def test_the_same_again_changes_nothing(four: Machine, tmp_path: Path) -> None:
    review(four, "accept", "1")
    assert review(four, "accept", "1", "2") == "1 unit accepted, 1 had been before\n"
    assert review(four, "accept", "2") == "0 units accepted, 1 had been before\n"
    assert lines(tmp_path, "heard.txt") == ["1 accepted w ", "2 accepted x "]


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        ("accept", "reject", "unit 1 was accepted, which is paid: it cannot be rejected any more"),
        ("soft-reject", "reject", "unit 1 was soft rejected, which is paid: it cannot be rejected any more"),
        ("reject", "soft-reject", "unit 1 was rejected; it can only be accepted"),
        ("accept", "soft-reject", None),
        ("soft-reject", "accept", None),
        ("reject", "accept", None),
    ],
)
def test_a_decision_may_be_changed_but_what_is_paid_is_not_rejected(
    four: Machine, first: str, then: str, says: str | None
) -> None:
    reason = {"reject": ("--reason", "why")}
    review(four, first, "1", *reason.get(first, ()))
    if says is None:
        review(four, then, "1", *reason.get(then, ()))
    else:
        assert refused(four, then, "2", "1", *reason.get(then, ())) == says
        assert statuses(four)[2] == "completed", "nothing is changed if one of them cannot be"
    assert four.crowd("db", "check").returncode == 0


def test_wrong_words_are_one_line_and_change_nothing(four: Machine, task: Task, submit: Submit) -> None:
    assert "there is no unit 99" in refused(four, "accept", "1", "99")
    assert "no run named" in refused(four, "accept", "--run", "other")
    assert "name the UNITs, or --run RUN" in refused(four, "accept")
    assert "name the UNITs, or --run RUN" in refused(four, "accept", "1", "--run", "t")
    assert "name the UNITs, or --run RUN" in refused(four, "accept", "--worker", "w")
    assert "go together" in refused(four, "accept", "1", "--bonus", "1")
    for amount in ("-1", "0", "a", "nan", "0.0000001", "1e9"):
        assert "is no amount, as in --bonus 0.50" in refused(four, "accept", "1", "--bonus", amount, "--reason", "r")
    assert set(statuses(four).values()) == {"completed"}
    with four.serve("run", "task.yaml") as served:
        Browserless(served.url, worker_id="v").enter()
        assert refused(four, "accept", "5") == "unit 5 is assigned: nothing was submitted for it"


def test_all_of_a_run_or_of_one_worker_at_once(task: Task, submit: Submit) -> None:
    machine = task(assignments=45)
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, *["w"] * 42, "x", "y", "x")
    assert review(machine, "reject", "--run", "t", "--worker", "x", "--reason", "a script") == "2 units rejected\n"
    assert review(machine, "accept", "--run", "t-1") == "43 units accepted\n"
    assert review(machine, "accept", "--run", "t-1") == "t-1: nothing is to be reviewed\n"
    owed = machine.crowd("owed", "t").stdout.splitlines()
    assert owed == ["w\t21.00 USD\t42 units", "y\t0.50 USD\t1 units"]


def test_beside_the_server_progress_and_listeners_follow(task: Task, submit: Submit, tmp_path: Path) -> None:
    machine = task()
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "w", "x")
        review(machine, "reject", "1", "--reason", "no")
        review(machine, "accept", "2", "--note", "good")
        until(lambda: len(lines(tmp_path, "heard.txt")) == 2)
        status = json.loads(machine.crowd("status", "--json").stdout)
        assert status["units"] == {"rejected": 1, "accepted": 1, "launched": 2}
        assert status["promised"] == "1.50", "what was rejected is not paid"
    assert lines(tmp_path, "heard.txt") == ["1 rejected w no", "2 accepted x good"]


def test_a_bonus_is_owed_once_for_each_reason(four: Machine) -> None:
    kind = ("--reason", "kind words")
    assert review(four, "accept", "1", "2", "--bonus", "0.25", *kind) == (
        "2 units accepted; bonuses of 0.50 are owed\n"
    )
    assert review(four, "accept", "1", "--bonus", "0.25", *kind) == "0 units accepted, 1 had been before\n"
    assert "has had a bonus of 0.25 USD for this reason" in refused(four, "accept", "1", "--bonus", "0.30", *kind)
    assert review(four, "accept", "1", "--bonus", "0.1", "--reason", "speed").endswith("bonuses of 0.1 are owed\n")
    assert four.crowd("owed", "t").stdout.splitlines()[0] == "w\t0.85 USD\t1 units, 2 bonuses"


@pytest.mark.parametrize("amount", ["0.9752", "0.005", "1_0", "\u0661", "1.001"])
def test_a_bonus_is_whole_cents(four: Machine, amount: str) -> None:
    refused(four, "accept", "1", "2", "--bonus", amount, "--reason", "kind words")
    assert set(statuses(four).values()) == {"completed"}
    assert "bonus" not in four.crowd("owed", "t").stdout


@pytest.mark.parametrize("places", [0, 3])
def test_a_bonus_is_whole_in_the_currency_of_the_run(task: Task, submit: Submit, places: int) -> None:
    code, least, less = {0: ("JPY", "1", "0.5"), 3: ("KWD", "0.001", "0.0005")}[places]
    machine = task(provider={"type": "inhouse", "currency": code}, task={"name": "t", "reward": "3"})
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "w")
    assert f"expected an amount of {code}" in refused(machine, "accept", "1", "--bonus", less, "--reason", "r")
    review(machine, "accept", "1", "--bonus", least, "--reason", "r")
    assert machine.crowd("owed", "t").stdout.startswith(f"w\t{'4' if places == 0 else '3.001'} {code}\t")


@pytest.mark.parametrize("blank", ["", " ", "\t \n", "\u00a0", "\u200b", "\x07"])
def test_a_reason_can_be_read(four: Machine, blank: str) -> None:
    refused(four, "reject", "1", "--reason", blank)
    refused(four, "accept", "1", "--bonus", "0.10", "--reason", blank)
    done = four.crowd("worker", "block", "w", "--reason", blank)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert statuses(four)[1] == "completed"


def test_bonuses_stay_within_the_budget(task: Task, submit: Submit) -> None:
    machine = task(task={"name": "t", "reward": "0.50", "budget": "2.30"})
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "w", "x", "y", "z")
    for units, amount in ((["1"], "0.31"), (["1", "2", "3", "4"], "0.10")):
        said = refused(machine, "accept", *units, "--bonus", amount, "--reason", "r")
        assert "is over the budget of t-1, of which 0.30 is left" in said
        assert set(statuses(machine).values()) == {"completed"}, "nothing is decided"
    review(machine, "accept", "1", "2", "3", "--bonus", "0.10", "--reason", "r")
    assert "of which 0.00 is left" in refused(machine, "accept", "1", "--bonus", "0.01", "--reason", "more")
    assert review(machine, "accept", "1", "--bonus", "0.10", "--reason", "r") == "0 units accepted, 1 had been before\n"
    review(machine, "reject", "4", "--reason", "empty")
    review(machine, "accept", "1", "--bonus", "0.20", "--reason", "more")
    assert "0.50 USD more is over the budget" in refused(machine, "accept", "4"), "its money is promised elsewhere"


def test_work_is_gone_through_one_by_one(four: Machine) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", "from crowdcore.cli import main; main()", "review", "go", "t"],
        input="a\nx\nsoft-reject\ntoo short\nskip\nr\nempty\n", env=four.environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "unit 1 of t-1, by w" in done.stdout
    assert "'x' is none of them" in done.stdout
    assert done.stdout.endswith("3 decided\n")
    assert statuses(four) == {1: "accepted", 2: "soft_rejected", 3: "completed", 4: "rejected"}


def test_simulated_work_may_be_reviewed_and_costs_nothing(task: Task) -> None:
    machine = task(office=True)
    with machine.serve("run", "task.yaml"):
        assert machine.crowd("simulate", "t", "--workers", "2").returncode == 0
        assert review(machine, "list", "t") == "t-1: nothing is to be reviewed\n"
        assert len(review(machine, "list", "t", "--simulated").splitlines()) == 4
        review(machine, "reject", "1", "--reason", "no")
        review(machine, "accept", "2")
        assert json.loads(machine.crowd("status", "--json").stdout)["promised"] == "0.00"
    assert lines(machine.folder, "office.txt") == []
    assert machine.crowd("db", "check").returncode == 0


def test_units_and_visit_are_rejected_together_or_not_at_all(four: Machine) -> None:
    """Where the visit's part cannot be written, the unit's is not either."""
    with contextlib.closing(sqlite3.connect(four.data_dir / "crowd.db")) as database:
        database.execute(
            "CREATE TRIGGER fails BEFORE UPDATE ON visit WHEN NEW.status = 'rejected'"
            " BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END"
        )
        assert four.crowd("review", "reject", "1", "--reason", "empty", "--visit").returncode != 0
        assert statuses(four)[1] == "completed"
        database.execute("DROP TRIGGER fails")
    review(four, "reject", "1", "--reason", "empty", "--visit")
    assert statuses(four)[1] == "rejected"
