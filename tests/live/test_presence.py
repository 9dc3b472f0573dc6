"""The socket says who is there: who leaves a waiting room frees the seat at once, who comes back has the same time."""

from __future__ import annotations

from functools import partial

import pytest
import uvicorn

from crowdcore.testing import until
from tests.live.conftest import Stage


@pytest.fixture(autouse=True)
def _no_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known here is known at once, not from an answer that stays out for twenty seconds."""
    monkeypatch.setattr("uvicorn.Config", partial(uvicorn.Config, ws_ping_interval=None))


def test_a_closed_tab_is_known_at_once(stage: Stage) -> None:
    stage.launch(blueprint={"units_per_assignment": 3})
    one, two = stage.person("one"), stage.person("two")
    two.wait("status", status="waiting")
    assert until(lambda: one.frames[-1]["waiting"]["present"] == 2)
    two.close()
    assert until(lambda: one.frames[-1]["waiting"]["present"] == 1)
    assert stage.agent(two)["unit_id"] is None
    assert stage.agent(two)["status"] == "waiting"


def test_a_partner_is_told_who_is_there(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    two.close()
    assert one.wait("presence") == {"type": "presence", "name": "Person 2", "present": False}
    two.connect()
    assert one.wait("presence") == {"type": "presence", "name": "Person 2", "present": True}


def test_a_reload_keeps_the_time_that_was_waited(stage: Stage) -> None:
    stage.launch(pairing={"timeout": 60})
    one = stage.person("one")
    first = one.wait("status", status="waiting")["waiting"]
    stage.clock.advance(20)
    one.close()
    assert until(lambda: stage.agent(one)["unit_id"] is None)
    stage.clock.advance(5)
    again = stage.person("one")
    assert again.agent == one.agent
    assert again.wait("status", status="waiting")["waiting"]["until"] == pytest.approx(first["until"])


def test_who_stays_away_longer_than_the_grace_waits_no_more(stage: Stage) -> None:
    stage.launch(pairing={"disconnect_grace": 30})
    one = stage.person("one")
    one.wait("status", status="waiting")
    one.close()
    assert until(lambda: stage.agent(one)["unit_id"] is None)
    stage.clock.advance(29)
    stage.settle()
    assert stage.agent(one)["status"] == "waiting"
    stage.clock.advance(2)
    assert until(lambda: stage.agent(one)["status"] == "ended")
    row = stage.agent(one)
    assert (row["end_reason"], row["visit"]) == ("left", "timed_out")


def test_who_never_connects_is_not_waited_for(stage: Stage) -> None:
    stage.launch(pairing={"disconnect_grace": 30})
    ghost = stage.person("ghost", connected=False)
    stage.clock.advance(31)
    assert until(lambda: stage.agent(ghost)["status"] == "ended")


def test_a_reload_in_a_conversation_brings_everything_back(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    for n in range(3):
        one.say({"text": f"{n}"})
        two.wait("message")
    two.cut()
    one.wait("presence", present=False)
    one.say({"text": "3"})
    one.wait("message", data={"text": "3"})
    stage.clock.advance(30)
    two.connect()
    assert two.wait("message", data={"text": "3"})["seq"] == 4
    again = stage.person("two")
    for n in range(4):
        assert again.wait("message")["data"] == {"text": f"{n}"}
    assert again.wait("status", status="in_task")["you"] == "Person 2"


def test_a_place_that_was_left_is_taken_by_the_next_one(stage: Stage) -> None:
    stage.launch(blueprint={"num_assignments": 1})
    one, two = stage.person("one"), stage.person("two", connected=False)
    one.wait("status", status="waiting")
    one.close()
    assert until(lambda: stage.agent(one)["unit_id"] is None)
    two.connect()
    two.wait("status", status="waiting", you="Person 1")
    one.connect()
    one.wait("status", status="in_task", you="Person 2")
