"""`max_conversations` go on at once; the others wait in full rooms, and begin in their order as room is made."""

from __future__ import annotations

import pytest

from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage


def test_full_rooms_begin_as_others_end_the_oldest_first(stage: Stage) -> None:
    stage.launch(pairing={"max_conversations": 1, "timeout": 60})
    pairs = [(stage.person(f"{n}a"), stage.person(f"{n}b")) for n in range(3)]
    for one, _ in pairs[1:]:
        assert until(lambda o=one: o.frames[-1]["waiting"]["full"])  # type: ignore[misc]
    stage.clock.advance(120)  # nobody is missing: nothing times out
    for n, (one, two) in enumerate(pairs):
        assert until(lambda o=one, t=two: {o.frames[-1]["status"], t.frames[-1]["status"]} == {"in_task"})  # type: ignore[misc]
        for later, _ in pairs[n + 1 :]:
            assert later.frames[-1]["status"] == "waiting"
        one.say({"do": "end"})
        one.wait("status", phase="finish")
    assert stage.events("pairing_decided") == []


def test_a_place_in_a_full_room_that_is_given_up_is_waited_for_again(stage: Stage) -> None:
    stage.launch(pairing={"max_conversations": 1, "timeout": 60})
    stage.pair()
    one, two = stage.person("1a"), stage.person("1b")
    assert until(lambda: one.frames[-1]["waiting"]["full"])
    two.leave()
    waiting = one.wait("status", people=[{"name": "Person 1", "role": "", "present": True, "bot": False}])["waiting"]
    assert until(lambda: not one.frames[-1]["waiting"]["full"])
    assert waiting["seats"] == 2
    stage.clock.advance(61)
    one.wait("status", status="ended")


def decided(stage: Stage, outcome: str) -> tuple[LivePerson, LivePerson, LivePerson]:
    """A pair that talks, and somebody alone who need not wait for a partner any more, but for room."""
    stage.launch(pairing={"max_conversations": 1, "timeout": 60, "on_timeout": outcome, "stand_in": {"type": "echo"}})
    one, two = stage.pair()
    alone = stage.person("alone")
    stage.clock.advance(61)
    assert until(lambda: alone.frames[-1]["waiting"]["full"])
    assert alone.frames[-1]["waiting"]["until"] is None
    return one, two, alone


@pytest.mark.parametrize(("outcome", "people"), [("stand_in", 2), ("launch_reduced", 1)])
def test_what_was_decided_is_done_once_there_is_room(stage: Stage, outcome: str, people: int) -> None:
    one, two, alone = decided(stage, outcome)
    assert [event["decision"] for event in stage.events("pairing_decided")] == [outcome]
    assert stage.rows("SELECT COUNT(*) AS n FROM unit WHERE status = 'expired'") == [{"n": 0}]
    one.say({"do": "end"})
    two.wait("status", phase="finish")
    assert len(alone.wait("status", status="in_task")["people"]) == people
    assert [row["reason"] for row in stage.rows("SELECT reason FROM unit WHERE status = 'expired'")] == [outcome]
    assert len(stage.events("pairing_decided")) == 1


def test_until_then_a_partner_may_still_come(stage: Stage) -> None:
    one, two, alone = decided(stage, "stand_in")
    late = stage.person("late")
    assert until(lambda: late.frames[-1]["waiting"]["full"])
    one.say({"do": "end"})
    two.wait("status", phase="finish")
    for person in (alone, late):
        assert [p["bot"] for p in person.wait("status", status="in_task")["people"]] == [False, False]


def test_who_leaves_meanwhile_frees_everything(stage: Stage) -> None:
    one, two, alone = decided(stage, "launch_reduced")
    alone.close()
    assert until(lambda: stage.agent(alone)["unit_id"] is None)
    one.say({"do": "end"})
    two.wait("status", phase="finish")
    assert stage.rows("SELECT COUNT(*) AS n FROM unit WHERE status = 'expired'") == [{"n": 0}]
    assert stage.rows("SELECT COUNT(*) AS n FROM conversation WHERE status <> 'ended'") == [{"n": 0}]


def test_more_room_that_is_made_by_command_is_used_at_once(stage: Stage) -> None:
    stage.launch(pairing={"max_conversations": 1})
    stage.pair()
    one, two = stage.person("1a"), stage.person("1b")
    assert until(lambda: one.frames[-1]["waiting"]["full"])
    stage.crowd("set", stage.run.name, "pairing.max_conversations=2")
    for person in (one, two):
        person.wait("status", status="in_task")
