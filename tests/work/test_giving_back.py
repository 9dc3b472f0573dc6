"""Work that is given back or runs out of time is free for others; nobody's unit is done twice."""

from __future__ import annotations

from crowdcore.testing import Browserless, ManualClock, until
from tests.work.conftest import Launch

ONE = {"num_assignments": 1}


def test_a_returned_unit_goes_to_somebody_else(launch: Launch) -> None:
    run = launch(blueprint=ONE)
    first = Browserless(run.url, worker_id="x").enter()
    assert Browserless(run.url, worker_id="y").enter().code == "no_available_units"
    assert first.call("POST", "/return").status_code == 204
    assert first.call("POST", "/return").status_code == 204
    second = Browserless(run.url, worker_id="y").enter()
    assert second.reply.status_code == 201
    assert first.submit({"text": "too late"}).status_code == 409
    assert second.submit({"text": "mine"}).status_code == 200


def test_after_the_assignment_duration_the_unit_is_free_again(launch: Launch, clock: ManualClock) -> None:
    run = launch(blueprint=ONE, task={"assignment_duration": "10m"})
    page = Browserless(run.url, worker_id="x").enter()
    assert page.document["deadline"] == clock.now() + 600
    clock.advance(599)
    assert page.call("GET", "").json()["phase"] == "work"
    clock.advance(2)
    until(lambda: run.counters.agents["ended"] == 1)
    document = page.call("GET", "").json()
    assert (document["phase"], document["status"]) == ("done", "timed_out")
    assert page.call("PUT", "/draft", json={"a": 1}).json()["code"] == "expired"


def test_a_late_submission_counts_while_nobody_else_has_the_unit(launch: Launch, clock: ManualClock) -> None:
    run = launch(blueprint=ONE, task={"assignment_duration": "10m"})
    page = Browserless(run.url, worker_id="x").enter()
    clock.advance(601)
    until(lambda: run.counters.agents["ended"] == 1)
    assert page.submit({"text": "slow"}).status_code == 200
    until(lambda: run.counters.done == 1)
    assert Browserless(run.url, worker_id="y").enter().code == "run_over"


def test_a_late_submission_for_a_unit_of_somebody_else_is_kept_but_does_not_count(
    launch: Launch, clock: ManualClock
) -> None:
    run = launch(blueprint=ONE, task={"assignment_duration": "10m"})
    slow = Browserless(run.url, worker_id="x").enter()
    clock.advance(601)
    until(lambda: run.counters.agents["ended"] == 1)
    quick = Browserless(run.url, worker_id="y").enter()
    refused = slow.submit({"text": "slow"})
    assert (refused.status_code, refused.json()["code"]) == (409, "expired")
    assert quick.submit({"text": "quick"}).status_code == 200
    assert slow.submit({"text": "slow"}).status_code == 409
    until(lambda: run.counters.done == 1)


def test_a_wall_clock_that_jumps_ends_nobodys_work(launch: Launch, clock: ManualClock) -> None:
    run = launch(blueprint=ONE, task={"assignment_duration": "10m"})
    page = Browserless(run.url, worker_id="x").enter()
    clock.jump(86_400)
    assert page.call("PUT", "/draft", json={"a": 1}).status_code == 204
    clock.jump(-7 * 86_400)
    assert page.submit({"text": "a"}).status_code == 200
