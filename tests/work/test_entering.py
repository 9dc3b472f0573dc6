"""A worker arrives: preview, new work, or the work they already have."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crowdcore import hookimpl
from crowdcore.testing import Browserless, until
from crowdcore.testing.patience import PATIENCE
from tests.work.conftest import Launch


def test_the_same_visit_gets_the_same_agent_and_the_same_init(launch: Launch) -> None:
    run = launch()
    first = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    again = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    assert (first.reply.status_code, again.reply.status_code) == (201, 200)
    assert again.document["agent"] == first.document["agent"]
    assert again.document["init"] == first.document["init"]


def test_requests_of_one_visit_at_the_same_time_share_one_agent(launch: Launch) -> None:
    run = launch()
    pages = [Browserless(run.url, worker_id="x", assignment_id="1") for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(Browserless.enter, pages))
    assert {p.document["agent"] for p in pages} == {pages[0].document["agent"]}
    until(lambda: run.counters.units["assigned"] == 1)


def test_a_visitor_without_identity_sees_the_preview_and_takes_nothing(launch: Launch) -> None:
    run = launch()
    visitor = Browserless(run.url).enter()
    assert visitor.document["phase"] == "preview"
    assert visitor.document["agent"] is None
    assert visitor.document["token"] is None
    until(lambda: run.counters.units["launched"] == 10)


def test_without_assignment_id_the_open_work_is_found_again_and_the_next_is_new(launch: Launch) -> None:
    run = launch()
    page = Browserless(run.url, worker_id="x").enter()
    first = page.document["agent"]
    assert Browserless(run.url, worker_id="x").enter().document["agent"] == first
    assert page.submit({"text": "a"}).json()["completion"]["fields"]["next"] is True
    assert page.enter().document["agent"] != first


def test_a_visit_that_ended_answers_with_its_completion(launch: Launch) -> None:
    run = launch()
    page = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    completion = page.submit({"text": "a"}).json()["completion"]
    page.enter()
    assert page.reply.status_code == 200
    assert page.document["phase"] == "done"
    assert page.document["completion"] == completion


def test_a_blocked_worker_is_refused_without_the_operators_reason(launch: Launch, database_url: str) -> None:
    from pathlib import Path

    from crowdcore.base import paths
    from crowdcore.store import open_database

    run = launch()
    page = Browserless(run.url, worker_id="x").enter()
    page.call("POST", "/return")
    database = open_database(database_url, Path(paths.data_dir()))
    database.write(lambda c: c.execute("UPDATE worker SET blocked = :why WHERE name = :name", why="spam", name="x"))
    database.close()
    page.enter()
    assert (page.reply.status_code, page.code) == (403, "blocked")
    assert "spam" not in page.reply.text


def test_an_endless_name_is_invalid(launch: Launch) -> None:
    run = launch()
    assert Browserless(run.url, worker_id="x" * 201).enter().code == "invalid"


def test_who_comes_while_the_next_unit_is_still_being_made_may_come_back(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crowdcore.runs.open.MORE_SECONDS", 0.05)
    made = threading.Event()

    class Slow:
        @hookimpl
        def blueprint_task_data(self) -> Iterator[dict[str, int]]:
            yield {"n": 0}
            made.wait(PATIENCE)
            yield {"n": 1}

    try:
        run = launch([Slow()])
        assert Browserless(run.url, worker_id="x").enter().submit({"text": "1"}).is_success
        assert Browserless(run.url, worker_id="y").enter().code == "no_available_units", "the task is not over"
        made.set()
        until(lambda: Browserless(run.url, worker_id="y").enter().reply.is_success)
    finally:
        made.set()
