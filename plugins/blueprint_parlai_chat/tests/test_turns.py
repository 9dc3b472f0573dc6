"""`act(timeout=…)` takes turns, `act()` lets everybody write, and every page knows which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.testing import LivePerson

Play = Callable[..., tuple["LivePerson", "LivePerson"]]


def turns(person: LivePerson) -> list[str | None]:
    return [frame["who"] for frame in person.frames if frame["type"] == "turn"]


def test_everybody_sees_whose_turn_it_is(play: Play) -> None:
    one, two = play("a.act(timeout=60); b.act(timeout=60); say(a, 'over'); done()")
    assert one.wait("turn")["who"] == two.wait("turn")["who"] == "Person 1"
    one.say({"text": "mine"})
    assert one.wait("turn")["who"] == two.wait("turn")["who"] == "Person 2"
    two.say({"text": "mine"})
    one.wait("message", data={"text": "over"})
    assert turns(one) == turns(two) == ["Person 1", "Person 2"]


def test_each_act_is_a_turn_of_its_own(play: Play) -> None:
    one, _ = play("a.act(timeout=60); a.act(timeout=60); say(a, 'over'); done()")
    one.say({"text": "first"})
    one.say({"text": "second"})
    one.wait("message", data={"text": "over"})
    assert turns(one) == ["Person 1", "Person 1"]


def test_a_turn_that_was_not_used_is_not_shown_again(play: Play) -> None:
    one, _ = play("""
        try:
            a.act(timeout=0.05)
        except AgentTimeoutError:
            a.act(timeout=60)
        say(a, "over"); done()
    """)
    one.wait("turn")
    one.say({"text": "late"})
    one.wait("message", data={"text": "over"})
    assert turns(one) == ["Person 1"]


def test_asking_without_a_timeout_ends_the_turns(play: Play) -> None:
    one, two = play("""
        a.act(timeout=60)
        while not (a.act() or b.act()):
            pass
        say(a, "over"); done()
    """)
    one.say({"text": "first"})
    while two.wait("turn")["who"] is not None:
        pass
    two.say({"text": "second"})
    one.wait("message", data={"text": "over"})
    assert turns(one) == ["Person 1", None]


def test_a_world_that_only_asks_without_a_timeout_has_no_turns(play: Play) -> None:
    one, _ = play("""
        while not a.act():
            pass
        say(a, "over"); done()
    """)
    one.say({"text": "first"})
    one.wait("message", data={"text": "over"})
    assert turns(one) == []


def test_without_use_turns_there_are_none(play: Play) -> None:
    one, _ = play("a.act(timeout=60); say(a, 'over'); done()", blueprint={"use_turns": False})
    assert one.page.enter().document["init"]["use_turns"] is False
    one.say({"text": "first"})
    one.wait("message", data={"text": "over"})
    assert turns(one) == []
