"""`crowd worker block` while somebody has a page open: nothing of it is taken or owed any more."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore.store.queries import workers
from crowdcore.testing import until
from tests.work.gates.conftest import Desk


@pytest.fixture
def desk(tmp_path: Any, database_url: str) -> Any:
    """The operator's place of the gates' tests."""
    from contextlib import ExitStack

    from crowdcore.testing import ManualClock

    with ExitStack() as stack:
        yield Desk(tmp_path, database_url, ManualClock(), stack)


def block(desk: Desk, name: str, reason: str | None = "spam") -> None:
    def txn(conn: Any) -> None:
        found = workers.find(conn, "inhouse", name)
        assert found is not None
        workers.set_blocked(conn, found[0].id, reason)

    desk.write(txn)


def owed(desk: Desk) -> int:
    return int(desk.read(lambda c: c.value("SELECT COUNT(*) FROM outbox WHERE kind = 'reward'")))


def test_what_is_sent_after_the_block_is_refused_and_not_owed(desk: Desk) -> None:
    desk.launch()
    page = desk.worker("x")
    block(desk, "x")
    refused = page.submit({"text": "a"})
    assert (refused.status_code, refused.json()["code"]) == (403, "blocked")
    assert "spam" not in refused.text
    assert owed(desk) == 0
    assert desk.run.counters.done == 0


def test_the_page_is_told_why_and_the_unit_is_somebody_elses(desk: Desk) -> None:
    desk.launch(blueprint={"num_assignments": 1})
    page = desk.worker("x")
    assert page.call("GET", "/state").json()["phase"] == "work"
    block(desk, "x")
    until(lambda: page.call("GET", "/state").json() == {"phase": "done", "deadline": None})
    assert page.call("GET", "").json()["completion"]["fields"] == {"outcome": "blocked"}
    for call in (("PUT", "/draft", {"text": "a"}), ("POST", "/submit", {"data": {"text": "a"}})):
        reply = page.call(call[0], call[1], json=call[2])
        assert (reply.status_code, reply.json()["code"]) == (403, "blocked")
    other = desk.worker("y")
    assert other.document["init"] == page.document["init"]
    assert other.submit({"text": "b"}).is_success
    assert owed(desk) == 1


@pytest.mark.parametrize("kind", ["onboarding", "screening", "gold"])
def test_special_work_ends_too_and_grants_nothing(desk: Desk, kind: str) -> None:
    item = [{"n": kind, "answers": {"text": "a"}}]
    desk.launch({kind: {"qualification": "q", "data": desk.file("item.json", item)}})
    page = desk.worker("x")
    block(desk, "x")
    assert page.submit({"text": "a"}).status_code == 403
    assert desk.grants("x") == {}


def test_what_was_sent_before_stays_and_its_answer_may_be_asked_for_again(desk: Desk) -> None:
    desk.launch()
    page = desk.worker("x")
    first = page.submit({"text": "a"})
    block(desk, "x")
    again = page.submit({"text": "a"})
    assert (again.status_code, again.json()["completion"]) == (200, first.json()["completion"])
    assert owed(desk) == 1


def test_of_a_session_what_was_done_before_is_kept(desk: Desk) -> None:
    desk.launch({"units_per_session": 3}, blueprint={"num_assignments": 5})
    page = desk.worker("x")
    page.submit({"text": "a"})
    block(desk, "x")
    assert page.enter().code == "blocked"
    until(lambda: desk.read(lambda c: c.value("SELECT COUNT(*) FROM agent WHERE end_reason = 'blocked'")) == 1)
    assert owed(desk) == 1


def test_who_is_let_in_again_may_go_on(desk: Desk) -> None:
    desk.launch()
    page = desk.worker("x", assignment_id="1")
    block(desk, "x")
    until(lambda: page.call("GET", "/state").json()["phase"] == "done")
    block(desk, "x", None)
    assert desk.worker("x", assignment_id="2").submit({"text": "a"}).is_success
