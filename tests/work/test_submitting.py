"""Submissions: once, whole, answered the same way again."""

from __future__ import annotations

import hashlib
from typing import Any

from crowdcore import hookimpl
from crowdcore.testing import Browserless, until
from tests import web
from tests.work.conftest import Launch


def test_a_repeat_gets_the_first_answer_and_changes_nothing(launch: Launch) -> None:
    run = launch()
    page = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    first = page.submit({"text": "a"})
    again = page.submit({"text": "another"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    until(lambda: run.counters.submissions == 1)


@hookimpl
def blueprint_validate(data: Any) -> dict[str, list[str]] | None:
    """Wants a text."""
    return None if data.get("text") else {"text": ["This field is required."]}


def test_an_invalid_submission_is_not_stored_and_may_be_corrected(launch: Launch) -> None:
    run = launch(hooks=[blueprint_validate])
    page = Browserless(run.url, worker_id="x").enter()
    refused = page.submit({})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert refused.json()["errors"] == {"text": ["This field is required."]}
    assert page.submit({"text": "now"}).status_code == 200


def test_files_come_with_the_submission_or_before_it(launch: Launch) -> None:
    run = launch()
    page = Browserless(run.url, worker_id="x").enter()
    early = page.call("POST", "/files/cv", files={"cv": ("cv.pdf", b"early")}).json()
    assert early["sha256"] == hashlib.sha256(b"early").hexdigest()
    reply = page.submit({"cv": early["file"]}, files=[("photo", ("a.png", b"one")), ("photo", ("b.png", b"two"))])
    stored = reply.json()["completion"]["fields"]["stored"]
    assert stored["cv"] == early["file"]
    assert len(stored["photo"]) == 2


def test_a_draft_is_there_after_a_reload(launch: Launch) -> None:
    run = launch()
    page = Browserless(run.url, worker_id="x").enter()
    assert page.call("PUT", "/draft", json={"text": "hal"}).status_code == 204
    assert page.call("GET", "").json()["draft"] == {"text": "hal"}
    page.submit({"text": "half"})
    assert page.call("PUT", "/draft", json={"text": "more"}).json()["code"] == "already_submitted"


def test_nobody_reaches_anothers_work(launch: Launch) -> None:
    run = launch()
    mine = Browserless(run.url, worker_id="x").enter()
    other = Browserless(run.url, worker_id="y").enter()
    mine.document["agent"], agent = other.document["agent"], mine.document["agent"]
    reply = mine.submit({"text": "a"})
    assert (reply.status_code, reply.json()["code"]) == (401, "bad_token")
    mine.document["agent"] = agent
    assert mine.submit({"text": "a"}).status_code == 200


def test_a_session_gives_one_unit_after_the_other_and_completes_once(launch: Launch) -> None:
    run = launch(gates={"units_per_session": 3})
    page = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    answers = [page.submit({"text": str(n)}).json() for n in range(3)]
    assert [a["completion"] is None for a in answers] == [True, True, False]
    assert [a["next"]["init"]["n"] if a["next"] else None for a in answers] == [1, 2, None]
    assert page.enter().document["phase"] == "done"
    until(lambda: run.counters.submissions == 3)


def test_a_session_ends_early_when_there_is_no_more_work(launch: Launch) -> None:
    run = launch(gates={"units_per_session": 5}, blueprint={"num_assignments": 2})
    page = Browserless(run.url, worker_id="x").enter()
    page.submit({"text": "1"})
    assert page.submit({"text": "2"}).json()["completion"]["kind"] == "thanks"


def test_page_errors_are_kept_and_end_nothing(launch: Launch) -> None:
    run = launch()
    page = Browserless(run.url, worker_id="x").enter()
    assert page.call("POST", "/error", json={"message": "boom"}).status_code == 204
    assert page.submit({"text": "a"}).status_code == 200


def test_unknown_agents_are_unknown(launch: Launch) -> None:
    run = launch()
    page = Browserless(run.url, worker_id="x").enter()
    headers = {"Authorization": f"Bearer {page.document['token']}"}
    assert web.get(f"{run.url}api/v1/agents/none", headers=headers).status_code == 404
    assert web.get(f"{run.url}api/v1/agents/999999", headers=headers).status_code == 401
