"""An answer that comes too late counts only within the worker's caps and the run's budget, however it is raced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from crowdcore import RunError, RunHandle
from crowdcore.review.decisions import Verdict, decide
from crowdcore.store import Database, open_database
from crowdcore.store.queries import outbox, units
from crowdcore.testing import Browserless, ManualClock, until
from tests.work.conftest import Launch

TASK = {"assignment_duration": "10m", "max_open_units_per_worker": 9}


def overtime(run: RunHandle, clock: ManualClock, *workers: str) -> list[Browserless]:
    """Pages whose time is over, each on a place of its own."""
    pages = [Browserless(run.url, worker_id=w, assignment_id=f"late{n}").enter() for n, w in enumerate(workers)]
    assert all(page.reply.is_success for page in pages)
    clock.advance(601)
    until(lambda: run.counters.agents["ended"] == len(workers))
    return pages


@pytest.mark.parametrize(
    "limits",
    [
        {"task": {"max_units_per_worker": 1}},
        {"gates": {"max_units_per_worker_per_run": 1}},
        {"gates": {"max_units_per_worker_per_day": 1}},
    ],
)
def test_a_late_answer_beyond_a_cap_does_not_count(launch: Launch, clock: ManualClock, limits: dict[str, Any]) -> None:
    run = launch(blueprint={"num_assignments": 5}, **{**limits, "task": {**TASK, **limits.get("task", {})}})
    (slow,) = overtime(run, clock, "x")
    second = Browserless(run.url, worker_id="x", assignment_id="2").enter()
    assert second.submit({"text": "in time"}).status_code == 200
    for _ in range(2):
        refused = slow.submit({"text": "slow"})
        assert (refused.status_code, refused.json()["code"]) == (409, "expired")
        assert "not needed any more" in refused.json()["detail"]
    until(lambda: run.counters.done == 1)
    assert run.counters.owed == Decimal("0.50")


def test_what_is_in_hand_fills_the_cap_too(launch: Launch, clock: ManualClock) -> None:
    run = launch(blueprint={"num_assignments": 5}, task={**TASK, "max_units_per_worker": 1})
    (slow,) = overtime(run, clock, "x")
    second = Browserless(run.url, worker_id="x", assignment_id="2").enter()
    assert slow.submit({"text": "slow"}).status_code == 409
    assert second.call("POST", "/return").status_code == 204
    assert slow.submit({"text": "slow"}).status_code == 200, "given back: there is room"


def test_of_late_answers_and_new_work_at_once_only_the_cap_counts(launch: Launch, clock: ManualClock) -> None:
    run = launch(blueprint={"num_assignments": 9}, task={**TASK, "max_units_per_worker": 4})
    pages = overtime(run, clock, *["x"] * 3)

    def late(page: Browserless) -> int:
        return page.submit({"text": "slow"}).status_code

    def new(place: str) -> int:
        page = Browserless(run.url, worker_id="x", assignment_id=place).enter()
        return page.submit({"text": "new"}).status_code if page.reply.is_success else page.reply.status_code

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(late, page) for page in pages] + [pool.submit(new, place) for place in "abc"]
        codes = [one.result() for one in asked]
    assert codes.count(200) == 4
    until(lambda: run.counters.done == 4)


def test_late_answers_to_units_that_expired_stay_within_the_budget(
    launch: Launch, clock: ManualClock, database_url: str, tmp_path: Any
) -> None:
    run = launch(blueprint={"num_assignments": 2, "launch_ahead": 1}, task={**TASK, "budget": "1.00"})
    pages = overtime(run, clock, "x", "y")
    database = open_database(database_url, tmp_path / "data")
    try:
        _expired_and_launched_anew(database)
        assert [page.submit({"text": "slow"}).status_code for page in pages] == [409, 409]
        _one_place_less(database)
        assert [page.submit({"text": "slow"}).status_code for page in pages] == [200, 409]
    finally:
        database.close()


def test_bonuses_while_units_are_launched_stay_within_the_budget(
    launch: Launch, database_url: str, tmp_path: Any
) -> None:
    run = launch(blueprint={"num_assignments": 40, "launch_ahead": 2}, task={"budget": "5.00"})
    database = open_database(database_url, tmp_path / "data")

    def work(worker: str) -> None:
        for _ in range(4):
            page = Browserless(run.url, worker_id=worker).enter()
            if page.reply.is_success:
                page.submit({"text": "a"})

    def thank(unit: int) -> None:
        with suppress(RunError):  # nothing submitted yet, or over the budget
            decide(database, [unit], Verdict("accepted", bonus=Decimal("0.37"), bonus_reason="well done"))

    try:
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(work, worker) for worker in "wxy"] + [pool.submit(thank, n) for n in range(1, 13)]
            for one in asked:
                one.result()
        for unit in range(1, 13):
            thank(unit)
        promised = database.read(lambda c: units.promised(c, run.id) + outbox.besides(c, run.id))
        assert Decimal("4.50") < promised <= Decimal("5.00")
    finally:
        database.close()


def _expired_and_launched_anew(database: Database) -> None:
    """The money of units that expired went into new ones, as after a drain and a resume."""

    def change(conn: Any) -> None:
        conn.execute("UPDATE unit SET status = 'expired'")
        conn.execute(
            "INSERT INTO unit (run_id, assignment_id, seat, status, pay_micros)"
            " SELECT run_id, assignment_id, seat + 1, 'launched', pay_micros FROM unit"
        )

    database.write(change)


def _one_place_less(database: Database) -> None:
    database.write(lambda c: c.execute("UPDATE unit SET status = 'expired' WHERE id = (SELECT MAX(id) FROM unit)"))
