"""How many units a worker may have, and how many a run may have open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crowdcore import hookimpl
from crowdcore.testing import Browserless, until
from tests.work.conftest import Launch


def done(url: str, worker: str) -> Browserless:
    """One unit from beginning to end, if there is one."""
    page = Browserless(url, worker_id=worker).enter()
    if page.reply.is_success:
        page.submit({"text": "a"})
    return page


def test_a_worker_never_gets_two_units_of_one_assignment(launch: Launch) -> None:
    run = launch(blueprint={"num_assignments": 3, "units_per_assignment": 2})
    seen = []
    while (page := Browserless(run.url, worker_id="x").enter()).reply.is_success:
        seen.append(page.document["init"]["n"])
        page.submit({"text": "a"})
    assert seen == [0, 1, 2]
    assert page.code == "too_many_units"


def test_every_assignment_gets_its_first_worker_before_a_second(launch: Launch) -> None:
    run = launch(blueprint={"num_assignments": 2, "units_per_assignment": 2})
    items = [Browserless(run.url, worker_id=w).enter().document["init"]["n"] for w in ("a", "b", "c", "d")]
    assert items == [0, 1, 0, 1]


def test_max_units_per_worker_counts_over_all_runs_of_the_task(launch: Launch) -> None:
    task = {"max_units_per_worker": 2}
    first = launch(task=task)
    assert done(first.url, "x").reply.is_success
    second = launch(task=task)
    assert done(second.url, "x").reply.is_success
    refused = done(second.url, "x")
    assert (refused.reply.status_code, refused.code) == (409, "too_many_units")
    assert done(second.url, "y").reply.is_success


def test_work_given_back_does_not_count(launch: Launch) -> None:
    run = launch(task={"max_units_per_worker": 1})
    page = Browserless(run.url, worker_id="x").enter()
    page.call("POST", "/return")
    assert done(run.url, "x").reply.is_success
    assert done(run.url, "x").code == "too_many_units"


def test_one_open_unit_at_a_time_unless_more_are_allowed(launch: Launch) -> None:
    run = launch()
    Browserless(run.url, worker_id="x", assignment_id="1").enter()
    assert Browserless(run.url, worker_id="x", assignment_id="2").enter().code == "too_many_open"
    run = launch(task={"name": "two", "max_open_units_per_worker": 2})
    pages = [Browserless(run.url, worker_id="x", assignment_id=str(n)).enter() for n in range(3)]
    assert [p.code for p in pages] == ["", "", "too_many_open"]


class Endless:
    """Task data that counts how far it was read."""

    def __init__(self) -> None:
        self.read = 0

    @hookimpl
    def blueprint_task_data(self, start: int = 0) -> Iterator[Any]:
        """Numbers without end."""
        n = start
        while True:
            self.read += 1
            yield {"n": n}
            n += 1


def test_endless_data_is_read_only_as_far_as_units_are_wanted(launch: Launch) -> None:
    data = Endless()
    run = launch(hooks=[data], blueprint={"launch_ahead": 1})
    for n in range(5):
        page = Browserless(run.url, worker_id=f"w{n}").enter()
        assert page.document["init"] == {"n": n}
        page.submit({"text": "a"})
    assert data.read <= 7


def test_open_units_of_a_run_never_exceed_their_cap(launch: Launch) -> None:
    run = launch(hooks=[Endless()], task={"max_open_units": 3})
    for n in range(8):
        assert run.counters.open <= 3
        assert done(run.url, f"w{n}").reply.is_success
    for n in range(3):  # the place of the unit that was done is launched anew in a moment
        page = Browserless(run.url, worker_id=f"v{n}")
        until(lambda page=page: page.enter().reply.is_success)  # type: ignore[misc]
    fourth = Browserless(run.url, worker_id="v3").enter()
    assert fourth.code == "no_available_units"
    assert fourth.reply.json()["retry_after"] > 0


def test_a_budget_bounds_what_is_promised(launch: Launch) -> None:
    run = launch(hooks=[Endless()], task={"budget": "2.00"}, blueprint={"launch_ahead": 10})
    for n in range(4):
        assert done(run.url, f"w{n}").reply.is_success
    refused = done(run.url, "w5")
    assert refused.code in ("run_over", "no_available_units")
    until(lambda: run.counters.done == 4)
    assert run.counters.promised == 2
