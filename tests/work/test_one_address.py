"""What the people of one network address may hold together, and how many of them may come for the first time."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crowdcore.base import paths
from crowdcore.base.secret import secret_key
from crowdcore.server.tokens import simulation_pass
from crowdcore.store import open_database
from crowdcore.store.queries import runs
from crowdcore.testing import Browserless, ManualClock
from tests.work.conftest import Launch


def page(url: str, worker: str) -> Browserless:
    return Browserless(url, worker_id=worker).enter()


def test_one_address_holds_so_many_units_however_many_names_it_uses(
    launch: Launch, caplog: pytest.LogCaptureFixture
) -> None:
    run = launch(blueprint={"num_assignments": 60}, gates={"max_open_units_per_address": 5})
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda n: page(run.url, f"w{n}"), range(40)))
    assert sum(one.reply.is_success for one in pages) == 5
    refused = [one for one in pages if not one.reply.is_success]
    assert {(one.reply.status_code, one.code) for one in refused} == {(429, "address_full")}
    assert all(int(one.reply.headers["retry-after"]) >= 1 for one in refused)
    told = [r.getMessage() for r in caplog.records if "127.0.0.1" in r.getMessage() and r.levelno >= logging.WARNING]
    assert len(told) == 1, "the operator is told, once"
    assert f"crowd set {run.name} gates.max_open_units_per_address=" in told[0]


def test_what_is_sent_or_given_back_makes_room_and_reloads_take_none(launch: Launch, clock: ManualClock) -> None:
    run = launch(blueprint={"num_assignments": 9}, gates={"max_open_units_per_address": 2})
    first, second = page(run.url, "a"), page(run.url, "b")
    assert page(run.url, "a").reply.status_code == 200, "open work is always found again"
    assert page(run.url, "c").code == "address_full"
    first.submit({"text": "x"})
    second.call("POST", "/return")
    clock.advance(60)
    assert page(run.url, "c").reply.is_success
    assert page(run.url, "d").reply.is_success
    assert page(run.url, "e").code == "address_full"


def test_units_of_one_visit_count_one_after_the_other(launch: Launch, clock: ManualClock) -> None:
    run = launch(blueprint={"num_assignments": 9}, gates={"max_open_units_per_address": 2, "units_per_session": 3})
    for name in ("a", "b"):
        page(run.url, name).submit({"text": "x"})
    clock.advance(60)
    assert page(run.url, "c").code == "address_full", "a and b have their next unit"


def test_so_many_come_for_the_first_time_within_an_hour(launch: Launch, clock: ManualClock) -> None:
    run = launch(blueprint={"num_assignments": 30}, gates={"max_new_workers_per_address": 3})
    for name in ("a", "b", "c"):
        page(run.url, name).submit({"text": "x"})
    late = page(run.url, "d")
    assert (late.reply.status_code, late.code) == (429, "address_full")
    assert page(run.url, "a").reply.is_success, "who is known comes as before"
    clock.advance(late.reply.json()["retry_after"])
    assert page(run.url, "d").reply.is_success
    assert page(run.url, "e").code == "address_full"


def test_where_the_provider_knows_its_people_there_is_no_limit_unless_one_is_set(launch: Launch) -> None:
    run = launch(blueprint={"num_assignments": 230})
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda n: page(run.url, f"w{n}"), range(210)))
    assert all(one.reply.is_success for one in pages)


def test_simulated_workers_are_not_counted(launch: Launch, tmp_path: Path, database_url: str) -> None:
    run = launch(blueprint={"num_assignments": 9}, gates={"max_open_units_per_address": 1})
    database = open_database(database_url, tmp_path / "data")
    identity = database.read(lambda c: runs.get(c, run.id)).identity
    database.close()
    marker = simulation_pass(secret_key(paths.config_dir()), identity)
    for name in ("a", "b"):
        worker = Browserless(run.url, worker_id=name)
        worker._http.headers["X-Crowd-Simulated"] = marker
        assert worker.enter().reply.is_success
    assert page(run.url, "c").reply.is_success
    assert page(run.url, "d").code == "address_full"
