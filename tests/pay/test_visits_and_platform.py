"""What the platform is asked to do: approve when all is decided, reject only if told to, each thing once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from crowdcore.testing import Browserless, Machine, until
from tests.review.conftest import Task, lines, paid

Submit = Callable[..., list[Browserless]]
SESSION = {"gates": {"units_per_session": 2}, "assignments": 2, "office": True}


def review(machine: Machine, *words: str) -> None:
    done = machine.crowd("review", *words)
    assert done.returncode == 0, done.stderr


def asked(machine: Machine) -> list[str]:
    """What the office was asked to do, rewards left out: those are paid when work is submitted."""
    return [line for line in lines(machine.folder, "office.txt") if not line.endswith("for reward")]


def session(machine: Machine) -> None:
    """One visit, A, with units 1 and 2."""
    with machine.serve("run", "task.yaml") as served:
        page = Browserless(served.url, worker_id="x", assignment_id="A").enter()
        assert page.submit({"text": "1"}).json()["completion"] is None
        assert page.submit({"text": "2"}).json()["completion"] is not None
        paid(machine, 2)


def test_a_visit_is_approved_when_all_its_units_are_decided(task: Task) -> None:
    machine = task(**SESSION)
    session(machine)
    review(machine, "accept", "2")
    assert asked(machine) == []
    review(machine, "reject", "1", "--reason", "empty")
    assert asked(machine) == ["approve A"], "one of the two is paid"
    assert machine.crowd("db", "check").returncode == 0


def test_what_was_decided_of_a_visit_that_is_given_back_stands(task: Task) -> None:
    machine = task(**SESSION)
    with machine.serve("run", "task.yaml") as served:
        page = Browserless(served.url, worker_id="x", assignment_id="A").enter()
        assert page.submit({"text": "1"}).is_success
        review(machine, "soft-reject", "1")
        assert page.call("POST", "/return").is_success
        assert machine.crowd("db", "check").returncode == 0
    assert asked(machine) == [], "a visit that was given back is nobody's to approve"


def test_an_after_task_form_may_come_after_the_decision(task: Task) -> None:
    machine = task(office=True, assignments=1, gates={"after_task": "form.json"})
    form = {"questions": [{"name": "hard", "label": "How hard was it?", "type": "rating"}]}
    (machine.folder / "form.json").write_text(json.dumps(form))
    with machine.serve("run", "task.yaml") as served:
        page = Browserless(served.url, worker_id="x", assignment_id="A").enter()
        assert page.submit({"text": "1"}).is_success
        review(machine, "accept", "1")
        assert asked(machine) == []
        assert page.submit({"hard": 2}).is_success
        until(lambda: asked(machine) == ["approve A"])
    assert machine.crowd("db", "check").returncode == 0


def test_a_visit_is_rejected_only_if_told_to_and_approved_after_all(task: Task, submit: Submit) -> None:
    machine = task(office=True, assignments=2)
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "x", assignment_id="A")
        submit(served.url, "y", assignment_id="B")
        paid(machine, 2)
    review(machine, "reject", "1", "--reason", "empty")
    assert asked(machine) == []
    review(machine, "reject", "1", "--reason", "empty", "--visit", "--tell")
    assert asked(machine) == ["tell x: empty", "reject A: empty"]
    review(machine, "reject", "1", "--reason", "empty", "--visit", "--tell")
    review(machine, "accept", "1", "--bonus", "0.20", "--reason", "our mistake")
    assert asked(machine)[2:] == ["approve A", "pay x 0.2 for our mistake"]
    assert machine.crowd("db", "check").returncode == 0


def test_a_visit_with_paid_work_cannot_be_rejected(task: Task) -> None:
    machine = task(**SESSION)
    session(machine)
    done = machine.crowd("review", "reject", "1", "--reason", "empty", "--visit")
    assert (done.returncode, done.stderr) == (2, "error: the visit of unit 1 also has unit 2, which is not rejected\n")
    assert {row["status"] for row in machine.exported("t")} == {"completed"}, "and nothing was done of it"


def test_all_units_of_a_visit_are_rejected_with_it_in_one_command(task: Task) -> None:
    machine = task(**SESSION)
    session(machine)
    review(machine, "reject", "--run", "t", "--worker", "x", "--reason", "a script", "--visit")
    assert asked(machine) == ["reject A: a script"]
    assert machine.crowd("db", "check").returncode == 0


def test_rejecting_what_was_paid_says_so_and_leaves_it_in_the_budget(task: Task, submit: Submit) -> None:
    machine = task(office=True, assignments=9, task={"name": "t", "reward": "0.50", "budget": "1.00"})
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "x")
        paid(machine, 1)
        done = machine.crowd("review", "reject", "1", "--reason", "no")
        assert (done.returncode, done.stdout) == (0, "1 unit rejected\n")
        assert done.stderr == "warning: paid already, before it was rejected: unit 1\n"
        submit(served.url, "y")
        refused = Browserless(served.url, worker_id="z").enter().code
        assert refused in ("no_available_units", "run_over"), "the money is spent"
        assert json.loads(machine.crowd("status", "--json").stdout)["promised"] == "1.00"


def test_what_fails_waits_for_a_persons_word(task: Task, submit: Submit, tmp_path: Path) -> None:
    machine = task(office=True, assignments=2)
    with machine.serve("run", "task.yaml") as served:
        (tmp_path / "closed").touch()
        submit(served.url, "x", "y")
        until(lambda: served.stderr.count("the office is closed") == 2)
    assert lines(tmp_path, "office.txt") == []
    rows = json.loads(machine.crowd("outbox", "t", "--json").stdout)
    assert [(r["state"], r["worker"], r["amount"]) for r in rows] == [("failed", "x", "0.5"), ("failed", "y", "0.5")]
    assert "the office is closed" in rows[0]["error"]
    said = machine.crowd("outbox", "t").stdout
    assert "look at the platform, then: crowd outbox t --arrived KEY   or   --again KEY" in said
    (tmp_path / "closed").unlink()
    first, second = (row["key"] for row in rows)
    done = machine.crowd("outbox", "t", "--arrived", first, "--again", second)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 settled\n", "")
    assert lines(tmp_path, "office.txt") == ["pay y 0.5 for reward"]
    assert machine.crowd("outbox", "t").stdout == "t: nothing failed and nothing is in doubt\n"
    again = machine.crowd("outbox", "t", "--again", second)
    assert again.stderr == f"error: {second} is confirmed: it arrived, and nothing is sent twice\n"
    assert machine.crowd("outbox", "t", "--arrived", second).stdout == "0 settled, 1 had been before\n"
    assert "has nothing to send under the key" in machine.crowd("outbox", "t", "--arrived", "reward:9").stderr


def test_what_broke_off_may_have_arrived_and_is_not_sent_again_with_what_failed(
    task: Task, submit: Submit, tmp_path: Path
) -> None:
    machine = task(office=True, assignments=2)
    with machine.serve("run", "task.yaml") as served:
        (tmp_path / "vague").touch()
        submit(served.url, "x", assignment_id="A")
        until(lambda: "the line went dead" in served.stderr)
    (tmp_path / "closed").touch()
    review(machine, "accept", "1")
    rows = json.loads(machine.crowd("outbox", "t", "--json").stdout)
    assert [(row["kind"], row["state"]) for row in rows] == [("reward", "unknown"), ("approve", "failed")]
    (tmp_path / "vague").unlink()
    (tmp_path / "closed").unlink()
    assert machine.crowd("outbox", "t", "--again-failed").stdout == "1 settled\n"
    assert lines(tmp_path, "office.txt") == ["approve A"]


def test_a_platform_that_takes_nothing_is_left_alone_and_what_waits_is_sent_on_demand(
    task: Task, submit: Submit, tmp_path: Path
) -> None:
    machine = task(office=True, assignments=5)
    (tmp_path / "closed").touch()
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, *"abcde")
        until(lambda: "the platform does not take it" in served.stderr)
    assert len(json.loads(machine.crowd("outbox", "t", "--json").stdout)) == 3
    assert machine.crowd("outbox", "t").stdout.endswith("t-1: 2 wait to be sent: crowd outbox t --send\n")
    (tmp_path / "closed").unlink()
    machine.environment["OFFICE_KEY"] = "wrong"
    done = machine.crowd("outbox", "t", "--send")
    assert "2 of 2 did not go through: crowd outbox t" in done.stderr
    machine.environment["OFFICE_KEY"] = "let me in"
    assert machine.crowd("outbox", "t", "--again-failed").stdout == "5 settled\n"
    assert sorted(lines(tmp_path, "office.txt")) == [f"pay {name} 0.5 for reward" for name in "abcde"]


def test_a_rejection_that_is_not_meant_any_more_is_not_sent(task: Task, submit: Submit, tmp_path: Path) -> None:
    machine = task(office=True, assignments=1)
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "x", assignment_id="A")
        paid(machine, 1)
    (tmp_path / "closed").touch()
    review(machine, "reject", "1", "--reason", "empty", "--visit")
    (tmp_path / "closed").unlink()
    review(machine, "accept", "1")
    assert asked(machine) == ["approve A"]
    assert machine.crowd("outbox", "t").stdout == "t: nothing failed and nothing is in doubt\n"
    refused = machine.crowd("outbox", "t", "--again", "reject:visit:1")
    assert (refused.returncode, refused.stderr.count("decided otherwise")) == (2, 1)
    assert asked(machine) == ["approve A"]


def test_what_was_being_sent_at_kill_9_is_in_doubt_and_not_sent_again(
    task: Task, submit: Submit, tmp_path: Path
) -> None:
    machine = task(office=True, assignments=2)
    with machine.serve("run", "task.yaml") as served:
        (tmp_path / "die").touch()
        submit(served.url, "x")
        assert served.wait() == 9, "the office took the money and the process died before it could note it"
    (tmp_path / "die").unlink()
    with machine.serve("resume") as served:
        submit(served.url, "y")
        paid(machine, 1)
    assert lines(tmp_path, "office.txt") == ["pay x 0.5 for reward", "pay y 0.5 for reward"]
    (row,) = json.loads(machine.crowd("outbox", "t", "--json").stdout)
    assert (row["state"], row["worker"]) == ("unknown", "x")
    assert machine.crowd("outbox", "t", "--arrived", row["key"]).stdout == "1 settled\n"
    assert machine.crowd("owed", "t").stdout == "t owes nothing\n"


def test_a_platform_that_cannot_be_reached_leaves_the_decision_standing(task: Task, submit: Submit) -> None:
    machine = task(office=True, assignments=1)
    with machine.serve("run", "task.yaml") as served:
        submit(served.url, "x", assignment_id="A")
        paid(machine, 1)
    (closed := machine.folder / "closed").touch()
    done = machine.crowd("review", "accept", "1")
    assert (done.returncode, done.stdout) == (0, "1 unit accepted\n")
    assert asked(machine) == []
    closed.unlink()
    row = next(r for r in json.loads(machine.crowd("outbox", "t", "--json").stdout) if r["kind"] == "approve")
    assert machine.crowd("outbox", "t", "--again", row["key"]).returncode == 0
    assert asked(machine) == ["approve A"]
