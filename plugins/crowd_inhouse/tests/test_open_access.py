"""Open access: whoever knows the address says who they are."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from crowdcore.testing import Browserless

from .conftest import Start


def test_a_worker_and_a_place_are_named_in_the_address(start: Start) -> None:
    run = start()
    x = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    assert x.document["phase"] == "work"
    again = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    assert again.document["agent"] == x.document["agent"]


def test_without_a_place_the_next_task_is_offered_after_each_submission(start: Start) -> None:
    run, done = start(units=2), []
    for _ in range(2):
        worker = Browserless(run.url, worker_id="x").enter()
        done.append(worker.document["init"]["n"])
        completion = worker.submit({"text": "a"}).json()["completion"]
        assert (completion["kind"], completion["fields"]["next"]) == ("thanks", True)
    assert done == [0, 1]
    assert Browserless(run.url, worker_id="x").enter().code in ("too_many_units", "run_over")


def test_the_thanks_page_shows_what_was_stored_for_trying_out(start: Start) -> None:
    run = start()
    completion = Browserless(run.url, worker_id="x").enter().submit({"text": "hello"}).json()["completion"]
    assert completion["fields"]["stored"] == {"text": "hello"}


def test_without_a_name_there_is_a_preview_that_asks_for_one(start: Start) -> None:
    visitor = Browserless(start().url).enter()
    assert visitor.document["phase"] == "preview"
    provider = visitor.document["provider"]
    assert (provider["name"], provider["ask_name"], provider["try_out"]) == ("in-house", True, True)


@pytest.mark.parametrize("name", ["", "   "])
def test_an_empty_name_is_no_name(start: Start, name: str) -> None:
    assert Browserless(start().url, worker_id=name).enter().document["phase"] == "preview"


def test_spaces_around_a_name_do_not_make_somebody_else(start: Start) -> None:
    run = start()
    x = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    assert Browserless(run.url, worker_id=" x ", assignment_id="1 ").enter().document["agent"] == x.document["agent"]


@pytest.mark.parametrize(
    ("architect", "provider", "access"),
    [
        ({}, {}, "open"),
        ({"host": "localhost"}, {}, "open"),
        ({"host": "0.0.0.0"}, {}, "invite"),
        ({"public_url": "https://tasks.example/"}, {}, "invite"),
        ({"host": "0.0.0.0"}, {"access": "open"}, "open"),
        ({}, {"access": "invite"}, "invite"),
    ],
)
def test_access_is_open_only_where_nobody_else_can_come_unless_told_so(
    start: Start, architect: dict[str, Any], provider: dict[str, Any], access: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    start(architect={**architect, "port": port}, provider=provider)
    somebody = Browserless(f"http://127.0.0.1:{port}/", worker_id="made-up").enter()
    assert (somebody.code == "refused") == (access == "invite")


@pytest.mark.parametrize(("access", "allowed"), [("open", 200), ("auto", 205)])
def test_one_address_holds_200_units_where_anybody_may_say_who_they_are(
    start: Start, access: str, allowed: int
) -> None:
    run = start(units=210, provider={"access": access})
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda n: Browserless(run.url, worker_id=f"w{n}").enter(), range(205)))
    assert sum(page.reply.is_success for page in pages) == allowed
    assert {page.code for page in pages} <= {"", "address_full"}
