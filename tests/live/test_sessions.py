"""Several conversations in one visit, and a form at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage


def through(people: tuple[LivePerson, LivePerson]) -> list[dict[str, Any]]:
    """Let a pair end its conversation; what each submission is answered."""
    people[0].say({"do": "end"})
    return [person.submit({"text": "done"}).json() for person in people]


def test_the_next_unit_of_a_session_waits_again(stage: Stage) -> None:
    stage.launch(gates={"units_per_session": 2})
    one, two = stage.pair()
    for answer in through((one, two)):
        assert (answer["next"]["phase"], answer["completion"]) == ("waiting", None)
    assert one.document["agent"] != two.document["agent"]
    for person in (one, two):
        person.connect(0)
    for person in (one, two):
        person.wait("status", status="in_task", phase="work")
        assert person.page.call("GET", "").json()["init"] == {"n": 1}
    for answer in through((one, two)):
        assert (answer["next"], answer["completion"]["kind"]) == (None, "thanks")
    assert stage.owed() == {"one": ["0.50", "0.50"], "two": ["0.50", "0.50"]}


def test_who_is_released_from_the_second_wait_is_paid_for_the_first(stage: Stage) -> None:
    stage.launch(gates={"units_per_session": 2}, pairing={"timeout": 60})
    one, two = stage.pair()
    through((one, two))
    one.connect(0)
    one.wait("status", status="waiting")
    stage.clock.advance(61)
    one.wait("status", status="ended")
    row = stage.agent(one)
    assert (row["end_reason"], row["visit"]) == ("expired", "submitted")
    assert stage.owed()["one"] == ["0.50"]


def test_the_form_after_the_task_follows_the_last_one(stage: Stage, tmp_path: Path) -> None:
    form = tmp_path / "after.json"
    form.write_text('{"questions": [{"name": "how", "label": "How was it?", "type": "text"}]}')
    stage.launch(gates={"after_task": str(form)})
    one, two = stage.pair()
    answers = through((one, two))
    assert [(answer["next"]["phase"], answer["next"]["live"]) for answer in answers] == [("finish", False)] * 2
    assert one.page.submit({"how": "nice"}).json()["completion"]["kind"] == "thanks"
    stage.clock.advance(601)
    assert until(lambda: stage.agent(two)["status"] != "in_task")
    assert stage.owed() == {"one": ["0.50"], "two": ["0.50"]}
    assert {row["status"] for row in stage.rows("SELECT status FROM visit")} == {"submitted"}
