"""The after-task form: on any blueprint, once a visit, and what was earned never depends on it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crowdcore.testing import until
from tests.work.gates.conftest import Desk
from tests.work.gates.test_commands import run_crowd

FORM = {
    "title": "One last thing",
    "questions": [
        {"name": "hard", "label": "How hard was it?", "type": "rating", "required": True},
        {"name": "device", "label": "What did you use?", "type": "choice", "options": ["phone", "computer"]},
        {"name": "liked", "label": "What did you like?", "type": "choices", "options": ["pace", "pay"]},
        {"name": "more", "label": "Anything else?", "type": "longtext"},
    ],
}


def test_it_comes_after_the_submission_and_then_the_visit_is_done(desk: Desk) -> None:
    desk.launch({"after_task": desk.file("form.json", FORM)})
    page = desk.worker("x", assignment_id="1")
    answer = page.submit({"text": "a"}).json()
    assert (answer["next"]["phase"], answer["completion"]) == ("finish", None)
    assert [q["name"] for q in answer["next"]["form"]["questions"]] == ["hard", "device", "liked", "more"]
    assert answer["next"]["form"]["questions"][0]["max"] == 5
    assert page.enter().document["phase"] == "finish", "also after a reload"
    refused = page.submit({"device": "toaster", "x": 1})
    assert refused.status_code == 422
    assert set(refused.json()["errors"]) == {"hard", "device", "x"}
    last = page.submit({"hard": 4, "liked": ["pay"], "more": "ok"}).json()
    assert last["completion"]["kind"] == "thanks"
    assert page.submit({"hard": 1}).json()["completion"] == last["completion"]
    assert page.enter().document["phase"] == "done"
    row = json.loads(run_crowd("--db", desk_url(desk), "export", "t").splitlines()[0])
    assert row["after_task"] == {"hard": 4, "liked": ["pay"], "more": "ok"}
    until(lambda: desk.run.counters.submissions == 1)


def desk_url(desk: Desk) -> str:
    """The database's address."""
    return desk._url


@pytest.mark.parametrize("leave", ["return", "time_out"])
def test_who_leaves_the_form_has_submitted_all_the_same(desk: Desk, leave: str) -> None:
    desk.launch({"after_task": desk.file("form.json", FORM)})
    page = desk.worker("x", assignment_id="1")
    page.submit({"text": "a"})
    if leave == "return":
        page.call("POST", "/return")
    else:
        desk.clock.advance(601)
    until(lambda: desk.run.counters.agents["ended"] == 1)
    assert desk.read(lambda c: c.value("SELECT status FROM visit")) == "submitted"
    assert page.enter().document["completion"]["kind"] == "thanks"
    assert desk.run.counters.done == 1


def test_once_at_the_end_of_a_session(desk: Desk) -> None:
    desk.launch({"after_task": desk.file("form.json", FORM), "units_per_session": 3})
    page, phases = desk.worker("x"), []
    for data in ({"text": "a"}, {"text": "b"}, {"text": "c"}, {"hard": 1}):
        phases.append(page.document["phase"])
        answer = page.submit(data).json()
    assert phases == ["work", "work", "work", "finish"]
    assert answer["completion"]["kind"] == "thanks"
    rows = [json.loads(line) for line in run_crowd("--db", desk_url(desk), "export", "t").splitlines()]
    assert [r["after_task"] for r in rows] == [None, None, {"hard": 1}]


def test_a_run_waits_for_the_form_but_not_for_ever(desk: Desk) -> None:
    desk.launch({"after_task": desk.file("form.json", FORM)}, blueprint={"num_assignments": 1})
    desk.worker("x").submit({"text": "a"})
    desk.clock.advance(300)
    assert desk.run.wait(0.5) is None
    desk.clock.advance(301)
    assert until(lambda: desk.clock.advance(1) or desk.run.wait(0.05)) == "all units are done"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "hard"), ({"hard": 6}, "hard"), ({"hard": True}, "hard"), ({"hard": "3"}, "hard"), ({"hard": 2.5}, "hard"),
        ({"hard": 1, "liked": "pay"}, "liked"), ({"hard": 1, "liked": ["pay", "x"]}, "liked"),
        ({"hard": 1, "more": "x" * 5001}, "more"), ({"hard": 1, "more": 3}, "more"), ([1], ""),
        ({"hard": 1, "device": ["phone"]}, "device"), ({"hard": 1, "device": {}}, "device"),
    ],
)  # fmt: skip
def test_the_server_checks_every_answer(data: Any, field: str, tmp_path: Any) -> None:
    from crowdcore.blueprints.short_form import read_form

    path = tmp_path / "form.json"
    path.write_text(json.dumps(FORM))
    assert set(read_form(path, "gates.after_task").faults(data)) == {field}
