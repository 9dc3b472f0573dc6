"""Typing is activity: who is waited for and types is not removed for saying nothing, but nobody waits for ever."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.live.talks.talk import TYPING
from crowdcore.testing import LivePerson
from tests.live.conftest import Stage

TIMEOUT = 8


@hookimpl
async def blueprint_live(assignment: Any) -> None:
    """Waits for the second person, then for anybody."""
    await assignment.send(None, "begin")
    for seat in (1, None):
        message = await assignment.receive(timeout=TIMEOUT, seat=seat)
        await assignment.send(None, {"heard": message.data})


@pytest.fixture
def two_people(stage: Stage) -> tuple[LivePerson, LivePerson]:
    """The first waits for what the second says."""
    stage.launch(hooks=[blueprint_live], blueprint={"num_assignments": 1})
    one, two = stage.pair()
    one.wait("message", data="begin")
    two.wait("message", data="begin")
    return one, two


def types(stage: Stage, who: LivePerson, other: LivePerson, seconds: float) -> None:
    """One key, then time passes."""
    who.send({"type": "typing"})
    other.wait("typing")
    stage.clock.advance(seconds)
    stage.settle()


def test_who_types_is_not_silent(stage: Stage, two_people: tuple[LivePerson, LivePerson]) -> None:
    one, two = two_people
    for _ in range(5):
        types(stage, two, one, TIMEOUT - 1)
    two.say("a long answer")
    assert one.wait("message")["data"] == {"heard": "a long answer"}


def test_who_stops_typing_is_silent_after_the_same_time(
    stage: Stage, two_people: tuple[LivePerson, LivePerson]
) -> None:
    one, two = two_people
    types(stage, two, one, TIMEOUT - 1)
    types(stage, two, one, TIMEOUT + 0.1)
    assert two.wait("status", status="ended")["note"] == "You did not answer in time, so this ended."
    assert "you are paid" in one.wait("status", phase="finish")["note"]


def test_keys_do_not_keep_others_waiting_for_ever(stage: Stage, two_people: tuple[LivePerson, LivePerson]) -> None:
    one, two = two_people
    for _ in range(int(TYPING / (TIMEOUT - 1)) + 1):
        types(stage, two, one, TIMEOUT - 1)
    stage.clock.advance(TIMEOUT)
    two.wait("status", status="ended")


def test_what_the_others_type_is_not_the_answer(stage: Stage, two_people: tuple[LivePerson, LivePerson]) -> None:
    one, two = two_people
    types(stage, one, two, TIMEOUT - 1)
    types(stage, one, two, 1.1)
    two.wait("status", status="ended")


def test_a_time_for_everybody_is_a_time(stage: Stage, two_people: tuple[LivePerson, LivePerson]) -> None:
    """Where no seat is named it is the game's clock."""
    one, two = two_people
    two.say("done")
    one.wait("message", data={"heard": "done"})
    types(stage, two, one, TIMEOUT - 1)
    types(stage, two, one, 1.1)
    one.wait("status", phase="finish")
