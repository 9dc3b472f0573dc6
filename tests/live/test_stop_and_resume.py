"""A run that is stopped and resumed, in every phase of live work: seats are given up, conversations go on."""

from __future__ import annotations

import pytest

from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage

GRACE = 30


def launch(stage: Stage, **pairing: object) -> None:
    """A run of pairs."""
    stage.launch(pairing={"disconnect_grace": GRACE, "timeout": 60, **pairing})


def back(stage: Stage, *people: LivePerson) -> list[LivePerson]:
    """The same people, on the same work."""
    again = [stage.again(person) for person in people]
    assert [person.agent for person in again] == [person.agent for person in people]
    return again


def test_who_waited_waits_on_and_is_paired(stage: Stage) -> None:
    launch(stage)
    before = stage.person("one")
    before.wait("status", status="waiting")
    stage.restart(away=5000)
    assert (stage.agent(before)["unit_id"], stage.agent(before)["conversation_id"]) == (None, None)
    assert stage.rows("SELECT status, reason FROM conversation") == [{"status": "ended", "reason": "restarted"}]
    (one,) = back(stage, before)
    one.wait("status", status="waiting")
    stage.person("two").wait("status", status="in_task")
    one.wait("status", status="in_task")


def test_who_waited_and_does_not_come_back_gets_a_fresh_grace(stage: Stage) -> None:
    launch(stage)
    one = stage.person("one")
    one.wait("status", status="waiting")
    stage.clock.advance(20)
    stage.restart(away=5000)
    stage.clock.advance(GRACE - 1)
    assert stage.agent(one)["status"] == "waiting"
    stage.clock.advance(2)
    assert until(lambda: stage.agent(one)["status"] == "ended")
    assert stage.agent(one)["end_reason"] == "left"


def test_a_conversation_goes_on_with_everything_that_was_said(stage: Stage) -> None:
    launch(stage)
    one, two = stage.pair()
    for n in range(3):
        one.say({"text": f"{n}"})
        two.wait("message")
    stage.restart(away=5000)
    one, two = back(stage, one, two)
    assert one.wait("status", status="in_task")["you"] == "Person 1"
    for person in (one, two):
        for n in range(3):
            assert person.wait("message")["data"] == {"text": f"{n}"}
    two.say({"text": "and on"})
    assert one.wait("message", data={"text": "and on"})["seq"] == 4
    one.say({"do": "end"})
    for person in (one, two):
        assert person.submit({"text": "done"}).json()["status"] == "completed"
    assert stage.owed() == {"one": ["0.50"], "two": ["0.50"]}


def test_who_does_not_come_back_to_a_conversation_is_missed_after_a_fresh_grace(stage: Stage) -> None:
    launch(stage)
    one, two = stage.pair()
    stage.restart(away=5000)
    (one,) = back(stage, one)
    one.wait("status", status="in_task")
    stage.clock.advance(GRACE - 1)
    assert stage.agent(two)["status"] == "in_task"
    stage.clock.advance(2)
    one.wait("status", status="partner_left", phase="finish")
    assert stage.agent(two)["end_reason"] == "left"


def test_a_conversation_with_a_stand_in_goes_on_with_it(stage: Stage) -> None:
    launch(stage, on_timeout="stand_in", stand_in={"type": "echo"})
    one = stage.person("one")
    one.wait("status", status="waiting")
    stage.clock.advance(61)
    one.wait("status", status="in_task")
    one.say({"text": "a"})
    one.wait("message", sender="Person 2")
    stage.restart()
    (one,) = back(stage, one)
    people = one.wait("status", status="in_task")["people"]
    assert [(p["name"], p["bot"]) for p in people] == [("Person 1", False), ("Person 2", True)]
    one.say({"text": "b"})
    assert one.wait("message", sender="Person 2", data={"text": "b"})
    assert one.texts().count("b") == 2
    assert one.texts().count("a") == 2


def test_the_time_to_finish_stands_still_meanwhile(stage: Stage) -> None:
    launch(stage)
    one, two = stage.pair()
    one.say({"do": "end"})
    one.wait("status", phase="finish")
    two.wait("status", phase="finish")
    stage.clock.advance(400)
    stage.restart(away=5000)
    (one,) = back(stage, one)
    assert one.wait("status", status="completed", phase="finish")
    assert one.document["deadline"] - stage.clock.now() == pytest.approx(200, abs=3)
    assert one.submit({"text": "done"}).json()["status"] == "completed"
    stage.clock.advance(205)
    assert until(lambda: stage.agent(two)["status"] == "completed")
    assert stage.owed() == {"one": ["0.50"], "two": ["0.50"]}


def test_a_second_restart_changes_nothing(stage: Stage) -> None:
    launch(stage)
    one, two = stage.pair()
    one.say({"text": "hello"})
    two.wait("message")
    stage.restart()
    stage.restart()
    one, two = back(stage, one, two)
    assert two.wait("message")["data"] == {"text": "hello"}
    one.say({"text": "again"})
    assert two.wait("message", data={"text": "again"})["seq"] == 2
