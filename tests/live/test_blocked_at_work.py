"""`crowd worker block` while somebody waits or talks: they are told at once, and nobody is left with them."""

from __future__ import annotations

import pytest

from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage


def block(stage: Stage, person: LivePerson) -> None:
    stage.crowd("worker", "block", person.name, "--reason", "spam")


def test_who_waits_is_told_and_paired_with_nobody(stage: Stage) -> None:
    stage.launch(blueprint={"num_assignments": 1})
    one = stage.person("one")
    block(stage, one)
    two = stage.person("two")  # at once: nobody looked meanwhile
    three = stage.person("three")
    for person in (two, three):
        person.wait("status", status="in_task")
    frame = one.wait("status", status="ended")
    assert frame["note"] == "The people who run this task do not accept work from your account any more."
    assert one.closed() == 1000
    row = stage.agent(one)
    assert (row["status"], row["end_reason"], row["visit"]) == ("ended", "blocked", "screened_out")
    assert stage.person("one").page.code == "blocked"


@pytest.mark.parametrize("policy", ["end_and_pay", "requeue", "wait"])
def test_who_talks_is_told_and_the_partner_is_released(stage: Stage, policy: str) -> None:
    stage.launch(pairing={"on_partner_left": policy}, blueprint={"num_assignments": 1})
    one, two = stage.pair()
    block(stage, two)
    assert two.wait("status", status="ended")["note"] == (
        "The people who run this task do not accept work from your account any more."
    )
    assert "you are paid" in one.wait("status", status="partner_left", phase="finish")["note"]
    assert one.submit({"text": "done"}).json()["status"] == "completed"
    refused = two.submit({"text": "done"})
    assert (refused.status_code, refused.json()["code"]) == (403, "blocked")
    assert stage.owed() == {"one": ["0.50"]}


def test_a_stand_in_goes_on_where_the_task_says_so(stage: Stage) -> None:
    stage.launch(pairing={"on_partner_left": "stand_in", "stand_in": {"type": "echo"}})
    one, two = stage.pair()
    block(stage, two)
    two.wait("status", status="ended")
    until(lambda: stage.events("stand_in_seated"))
    one.say({"text": "still here?"})
    assert one.wait("message")["data"] == {"text": "still here?"}


def test_who_was_blocked_while_nobody_served_is_gone_after_it(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    stage.run.stop()
    block(stage, two)
    stage.restart()
    one = stage.again(one)
    assert "you are paid" in one.wait("status", status="partner_left", phase="finish")["note"]
    assert stage.agent(two)["end_reason"] == "blocked"
