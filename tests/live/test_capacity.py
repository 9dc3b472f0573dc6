"""`max_conversations` go on at once; the others wait in full rooms, and begin in their order as room is made."""

from __future__ import annotations

from crowdcore.testing import until
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


def test_a_stand_in_waits_for_room_too(stage: Stage) -> None:
    stage.launch(
        pairing={"max_conversations": 1, "timeout": 60, "on_timeout": "stand_in", "stand_in": {"type": "echo"}}
    )
    one, two = stage.pair()
    alone = stage.person("alone")
    stage.clock.advance(61)
    stage.clock.advance(5)
    assert stage.agent(alone)["status"] == "waiting"
    one.say({"do": "end"})
    two.wait("status", phase="finish")
    stage.clock.advance(2)
    alone.wait("status", status="in_task")


def test_more_room_that_is_made_by_command_is_used_at_once(stage: Stage) -> None:
    stage.launch(pairing={"max_conversations": 1})
    stage.pair()
    one, two = stage.person("1a"), stage.person("1b")
    assert until(lambda: one.frames[-1]["waiting"]["full"])
    stage.crowd("set", stage.run.name, "pairing.max_conversations=2")
    for person in (one, two):
        person.wait("status", status="in_task")
