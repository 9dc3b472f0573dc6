"""`crowd worker remove` ends what one person has open: they read why, and nobody is left with them."""

from __future__ import annotations

import pytest

from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage

WHY = "Please stay with the subject."


def remove(stage: Stage, person: LivePerson) -> None:
    assert "is removed" in stage.crowd("worker", "remove", person.name, "--reason", WHY)


@pytest.mark.parametrize("policy", ["end_and_pay", "requeue", "wait"])
def test_who_talks_reads_why_and_the_partner_is_released(stage: Stage, policy: str) -> None:
    stage.launch(pairing={"on_partner_left": policy}, blueprint={"num_assignments": 1})
    one, two = stage.pair()
    remove(stage, two)
    assert two.wait("status", status="ended")["note"] == WHY
    assert two.closed() == 1000
    assert "you are paid" in one.wait("status", status="partner_left", phase="finish")["note"]
    assert one.submit({"text": "done"}).json()["status"] == "completed"
    again = two.page.call("GET", "").json()
    assert (again["phase"], again["completion"]["fields"]) == ("done", {"outcome": "removed", "message": WHY})
    row = stage.agent(two)
    assert (row["status"], row["end_reason"], row["visit"]) == ("ended", "removed", "screened_out")
    assert stage.owed() == {"one": ["0.50"]}


def test_a_stand_in_goes_on_where_the_task_says_so(stage: Stage) -> None:
    stage.launch(pairing={"on_partner_left": "stand_in", "stand_in": {"type": "echo"}})
    one, two = stage.pair()
    remove(stage, two)
    two.wait("status", status="ended")
    until(lambda: stage.events("stand_in_seated"))
    one.say({"text": "still here?"})
    assert one.wait("message")["data"] == {"text": "still here?"}


def test_who_was_removed_while_nobody_served_is_gone_after_it_and_may_come_again(stage: Stage) -> None:
    stage.launch()
    _, two = stage.pair()
    stage.run.stop()
    remove(stage, two)
    stage.restart()
    until(lambda: stage.agent(two)["end_reason"] == "removed")
    until(lambda: stage.rows("SELECT * FROM record WHERE kind = 'removals'") == [])
    assert stage.rows("SELECT blocked FROM worker WHERE name = 'two'") == [{"blocked": None}]


def test_who_has_nothing_open_cannot_be_removed(stage: Stage) -> None:
    stage.launch()
    stage.crowd("worker", "grant", "one", "q", "--provider", "inhouse")
    with pytest.raises(AssertionError, match="nobody is to be removed"):
        stage.crowd("worker", "remove", "one", "--reason", WHY)
