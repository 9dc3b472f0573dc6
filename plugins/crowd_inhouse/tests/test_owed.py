"""Pay is recorded as owed from the moment of the submission; `crowd owed` adds it up and writes it to a file."""

from __future__ import annotations

import csv
from pathlib import Path

from crowdcore.testing import Browserless, Machine

from .conftest import Start


def test_each_submission_owes_its_reward_once(machine: Machine, start: Start, tmp_path: Path) -> None:
    run = start(units=4, provider={"currency": "EUR"})
    for worker in ("x", "x", "y"):
        page = Browserless(run.url, worker_id=worker).enter()
        assert page.submit({"text": "a"}).is_success
        assert page.submit({"text": "again"}).is_success, "a repeat owes nothing more"
    Browserless(run.url, worker_id="z").enter().call("POST", "/return")
    done = machine.crowd("owed", "labels", "--csv", "owed.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["x\t0.60 EUR\t2 units", "y\t0.30 EUR\t1 units", "3 rewards written to owed.csv"]
    with (tmp_path / "owed.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["worker"], row["amount"], row["currency"], row["kind"], row["run"]) for row in rows] == [
        ("x", "0.3", "EUR", "reward", run.name),
        ("x", "0.3", "EUR", "reward", run.name),
        ("y", "0.3", "EUR", "reward", run.name),
    ]
    assert len({row["key"] for row in rows}) == 3


def test_a_name_is_no_formula_in_the_file(machine: Machine, start: Start, tmp_path: Path) -> None:
    run = start(units=4)
    names = ["=HYPERLINK(1)", "-5", "a;b\nc", "x\u2028y"]
    for worker in names:
        assert Browserless(run.url, worker_id=worker).enter().submit({"text": "a"}).is_success
    shown = []
    for more in ([], ["--raw"]):
        assert machine.crowd("owed", "labels", "--csv", "owed.csv", *more).returncode == 0
        with (tmp_path / "owed.csv").open(encoding="utf-8", newline="") as file:
            shown.append([row["worker"] for row in csv.DictReader(file)])
    assert shown == [["'=HYPERLINK(1)", *names[1:]], names]
    assert machine.crowd("owed", "labels", "--paid", "owed.csv").stdout.startswith("4 rewards are paid\n")


def test_all_runs_of_the_task_are_added_up(machine: Machine, start: Start) -> None:
    for _ in range(2):
        Browserless(start().url, worker_id="x").enter().submit({"text": "a"})
    assert machine.crowd("owed", "labels").stdout == "x\t0.60 USD\t2 units\n"


def test_a_task_without_pay_owes_nothing(machine: Machine, start: Start) -> None:
    Browserless(start(task={"reward": "0"}).url, worker_id="x").enter().submit({"text": "a"})
    assert machine.crowd("owed", "labels").stdout == "labels owes nothing\n"


def test_simulated_work_owes_nothing(machine: Machine, start: Start) -> None:
    run = start()
    done = machine.crowd("simulate", run.name, "--workers", "1", "--units", "1")
    assert done.stdout.startswith("1 units submitted"), done.stderr
    assert machine.crowd("owed", "labels").stdout == "labels owes nothing\n"


def test_an_unknown_task_is_one_line(machine: Machine, start: Start) -> None:
    start()
    done = machine.crowd("owed", "lables")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "lables" in done.stderr


def test_the_file_cannot_be_written_is_one_line(machine: Machine, start: Start) -> None:
    Browserless(start().url, worker_id="x").enter().submit({"text": "a"})
    done = machine.crowd("owed", "labels", "--csv", "no/such/folder/owed.csv")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


def test_what_was_paid_is_owed_no_more_and_paid_once(machine: Machine, start: Start, tmp_path: Path) -> None:
    run = start(units=4)
    for worker in ("x", "y"):
        assert Browserless(run.url, worker_id=worker).enter().submit({"text": "a"}).is_success
    assert machine.crowd("review", "reject", "2", "--reason", "empty").returncode == 0
    assert machine.crowd("owed", "labels", "--csv", "owed.csv").stdout.startswith("x\t0.30 USD\t1 units\n")
    assert Browserless(run.url, worker_id="x").enter().submit({"text": "b"}).is_success
    for said in ("1 rewards are paid\n", "0 rewards are paid, 1 had been before\n"):
        assert machine.crowd("owed", "labels", "--paid", "owed.csv").stdout == f"{said}x\t0.30 USD\t1 units\n"
    (tmp_path / "owed.csv").write_text(
        "worker,amount,currency,key\nx,0.30,USD,reward:agent:3\nx,0.3,USD,reward:agent:99\n"
    )
    done = machine.crowd("owed", "labels", "--paid", "owed.csv")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert machine.crowd("owed", "labels").stdout == "x\t0.30 USD\t1 units\n", "all of a file or nothing"
    for row in ("0.31,USD", "0.3,EUR", "0.2,USD", ",USD", "1_0,USD", "0.3,"):
        (tmp_path / "paid.csv").write_text(f"worker,amount,currency,key\nx,{row},reward:agent:3\n")
        done = machine.crowd("owed", "labels", "--paid", "paid.csv")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), "another amount than what is owed"
        assert "reward:agent:3" in done.stderr
    assert machine.crowd("owed", "labels").stdout == "x\t0.30 USD\t1 units\n"
    (tmp_path / "owed.csv").write_text("who,what\nx,1\n")
    assert "this is no file that `crowd owed labels --csv FILE` wrote" in machine.crowd(
        "owed", "labels", "--paid", "owed.csv"
    ).stderr  # fmt: skip
