"""A partner who leaves in the middle: the others finish and are paid, go on with a bot, or wait."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage

GRACE = 30


def launch(stage: Stage, policy: str, **task: Any) -> tuple[LivePerson, LivePerson]:
    """A conversation of two in a run with this `pairing.on_partner_left`."""
    stage.launch(
        pairing={"on_partner_left": policy, "disconnect_grace": GRACE, "stand_in": {"type": "echo"}},
        blueprint={"num_assignments": 1, "bye": "Your partner has left."}, task=task,
    )  # fmt: skip
    return stage.pair()


def lose(stage: Stage, one: LivePerson, two: LivePerson) -> None:
    """The second one's connection is lost for longer than the grace."""
    two.cut()
    one.wait("presence", present=False)
    stage.clock.advance(GRACE + 0.1)


def test_end_and_pay_tells_the_blueprint_and_pays_who_stayed(stage: Stage) -> None:
    one, two = launch(stage, "end_and_pay")
    lose(stage, one, two)
    assert one.wait("message")["data"] == {"text": "Your partner has left.", "left": 1, "why": "left"}
    frame = one.wait("status", status="partner_left", phase="finish")
    assert "you are paid" in frame["note"]
    assert one.submit({"text": "done"}).json()["status"] == "completed"
    assert stage.owed() == {"one": ["0.50"]}
    row = stage.agent(two)
    assert (row["end_reason"], row["unit"], row["unit_reason"]) == ("left", "expired", "partner_left")
    (ended,) = stage.events("conversation_ended")
    assert (ended["reason"], ended["seat"], ended["why"]) == ("left", 1, "left")


def test_who_returns_within_the_grace_goes_on(stage: Stage) -> None:
    one, two = launch(stage, "end_and_pay")
    two.cut()
    one.wait("presence", present=False)
    stage.clock.advance(GRACE - 1)
    two.connect()
    one.wait("presence", present=True)
    stage.clock.advance(GRACE)
    stage.settle()
    two.say({"text": "back"})
    assert one.wait("message")["data"] == {"text": "back"}


def test_a_stand_in_takes_the_seat_and_the_conversation_goes_on(stage: Stage) -> None:
    one, two = launch(stage, "stand_in")
    lose(stage, one, two)
    frame = one.wait("status", status="in_task", note="Your partner is a computer program.")
    assert [(p["name"], p["bot"]) for p in frame["people"]] == [("Person 1", False), ("Person 2", True)]
    one.say({"text": "anybody?"})
    assert one.wait("message", sender="Person 2")["data"] == {"text": "anybody?"}
    one.say({"do": "end"})
    one.wait("status", status="completed", phase="finish")
    one.submit({"text": "done"})
    assert stage.owed() == {"one": ["0.50"]}
    assert stage.events("stand_in_seated")[0]["instead_of"] == two.agent
    late = two.page.submit({"text": "me too"})
    assert (late.status_code, late.json()["code"]) == (409, "expired")


def test_requeue_offers_the_item_again_to_others(stage: Stage) -> None:
    one, two = launch(stage, "requeue")
    lose(stage, one, two)
    one.wait("status", status="partner_left", phase="finish")
    one.submit({"text": "done"})
    assert len(stage.events("units_requeued")[0]["units"]) == 2
    for person in (one, two):  # neither of them gets it again
        assert stage.person(person.name, connected=False).page.code in ("too_many_units", "no_available_units")
    three, four = stage.person("three"), stage.person("four")
    assert three.wait("status", status="in_task")["you"] == "Person 1"
    assert four.wait("status", status="in_task")["you"] == "Person 2"
    assert three.reload().document["init"] == {"n": 0}


def test_requeue_stays_within_the_budget(stage: Stage) -> None:
    one, two = launch(stage, "requeue", budget="1.40")
    lose(stage, one, two)
    one.wait("status", status="partner_left", phase="finish")
    assert stage.events("units_requeued") == []
    assert stage.events("units_not_requeued")[0]["reason"] == "budget"


def test_wait_keeps_the_seat_for_a_later_return(stage: Stage) -> None:
    one, two = launch(stage, "wait")
    lose(stage, one, two)
    one.wait("status", status="partner_left", phase="work")
    stage.clock.advance(300)
    assert stage.agent(two)["status"] == "in_task"
    two.connect()
    one.wait("status", status="in_task")
    two.say({"text": "back"})
    assert one.wait("message")["data"] == {"text": "back"}


def test_wait_lets_who_stayed_finish_at_will(stage: Stage) -> None:
    one, two = launch(stage, "wait")
    one.send({"type": "finish"})
    assert one.wait("error")["code"] == "invalid"
    lose(stage, one, two)
    one.wait("status", status="partner_left", phase="work")
    one.send({"type": "finish"})
    one.wait("status", status="partner_left", phase="finish")
    one.submit({"text": "done"})
    assert stage.owed() == {"one": ["0.50"]}
    assert stage.agent(two)["end_reason"] == "left"


def test_wait_is_bounded_by_max_duration(stage: Stage) -> None:
    stage.launch(pairing={"on_partner_left": "wait", "disconnect_grace": GRACE, "max_duration": 600})
    one, two = stage.pair()
    lose(stage, one, two)
    one.wait("status", status="partner_left", phase="work")
    stage.clock.advance(600)
    assert one.wait("status", phase="finish")["note"]
    assert stage.events("conversation_ended")[0]["reason"] == "max_duration"


@pytest.mark.parametrize("policy", ["end_and_pay", "wait"])
def test_who_gives_the_work_back_is_not_waited_for(stage: Stage, policy: str) -> None:
    one, two = launch(stage, policy)
    assert two.leave().status_code == 204
    assert two.wait("status", status="ended")["note"] == "You gave this work back."
    assert two.closed() == 1000
    one.wait("status", status="partner_left", phase="finish")
    assert stage.agent(two)["end_reason"] == "returned"


def test_a_conversation_that_everybody_left_ends(stage: Stage) -> None:
    one, two = launch(stage, "stand_in")
    one.leave()
    two.leave()
    assert until(lambda: stage.events("conversation_ended"))
    assert stage.owed() == {}


def test_who_does_not_act_in_time_is_out_and_the_other_is_paid(stage: Stage) -> None:
    stage.launch(blueprint={"play": "turns", "timeout": 20})
    one, two = stage.pair()
    one.wait("turn", who="Person 1")
    one.say({"text": "your turn"})
    one.wait("turn", who="Person 2")
    stage.clock.advance(20.1)
    assert "did not answer in time" in two.wait("status", status="ended")["note"]
    one.wait("status", status="partner_left", phase="finish")
    one.submit({"text": "done"})
    row = stage.agent(two)
    assert (row["end_reason"], row["unit"], row["visit"]) == ("timed_out", "expired", "timed_out")
    assert stage.owed() == {"one": ["0.50"]}
    assert stage.events("agent_ended")[0]["reason"] == "timed_out"


def test_a_blueprint_that_raises_ends_it_and_everybody_is_paid(stage: Stage) -> None:
    one, two = launch(stage, "end_and_pay")
    one.say({"do": "raise", "text": "oh no"})
    for person in (one, two):
        assert "on our side" in person.wait("status", phase="finish")["note"]
        assert person.submit({"text": "done"}).json()["status"] == "completed"
    assert stage.owed() == {"one": ["0.50"], "two": ["0.50"]}
    assert stage.events("conversation_ended")[0]["reason"] == "failed"
