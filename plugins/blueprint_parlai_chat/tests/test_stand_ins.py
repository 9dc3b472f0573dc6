"""A stand-in in a world acts and observes like a person, in turns and without, from the start or later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crowdcore.testing import ManualClock, until

if TYPE_CHECKING:
    from crowdcore.testing import LivePerson

Play = Callable[..., tuple["LivePerson", "LivePerson"]]

WORLD = """
    from blueprint_parlai_chat.worlds import CrowdTaskWorld

    class World(CrowdTaskWorld):
        said = 0

        def parley(self):
            for agent in self.agent:
                act = ASK
                if act is None:
                    continue
                self.said += 1
                for other in self.agent:
                    if other is not agent:
                        other.observe(act)
            self.episodeDone = self.said == 4

    def make_world(opt, agents):
        return World(opt, agents)
"""
ECHO = {"stand_in": {"type": "echo", "prefix": "again: "}}


def talk(chats, ask: str) -> LivePerson:
    """One person says two things to a bot that says them again."""
    chats.world(WORLD.replace("ASK", ask))
    run = chats.launch(pairing={"timeout": 0.2, "on_timeout": "stand_in", **ECHO})
    person: LivePerson = chats.person(run, "one")
    person.wait("status", status="in_task")
    for text in ("first", "second"):
        person.say({"text": text})
        until(lambda text=text: f"again: {text}" in person.texts())
    person.wait("status", phase="finish")
    return person


def test_in_turns(chats) -> None:
    person = talk(chats, "agent.act(timeout=60)")
    assert person.texts() == ["first", "again: first", "second", "again: second"]


def test_where_everybody_may_always_write(chats) -> None:
    person = talk(chats, "agent.act()")
    assert sorted(person.texts()) == sorted(["first", "again: first", "second", "again: second"])


def test_after_turns_that_have_ended(play: Play) -> None:
    one, _ = play(
        """
        if not getattr(self, "begun", False):
            self.begun = True
            b.observe(a.act(timeout=60))
        act = b.act()
        if act is not None:
            a.observe(act)
            done()
        """,
        pairing={"on_partner_left": "stand_in", **ECHO},
    )
    _.leave()
    one.say({"text": "hello"})
    until(lambda: "again: hello" in one.texts())


def test_in_the_seat_of_somebody_who_left_and_it_is_kept_who_said_what(chats) -> None:
    clock = ManualClock()
    chats.world(WORLD.replace("ASK", "agent.act(timeout=1000)"))
    run = chats.launch(clock=clock, pairing={"on_partner_left": "stand_in", "disconnect_grace": 10, **ECHO})
    one, two = chats.pair(run)
    one.say({"text": "one"})
    two.say({"text": "two"})
    one.wait("message", data={"text": "two"})
    two.cut()
    one.wait("presence", name="Person 2", present=False)
    clock.advance(11)
    one.say({"text": "three"})
    one.wait("message", data={"text": "again: three"})
    people = one.wait("status", phase="finish")["people"]
    assert [(person["name"], person["bot"]) for person in people] == [("Person 1", False), ("Person 2", True)]
    assert one.submit({}).status_code == 200
    said = [
        (m["text"], m["sender"], m["person"], (m["bot"] or {}).get("name")) for m in chats.kept(run, one)["messages"]
    ]
    assert said == [
        ("one", "Person 1", True, None), ("two", "Person 2", True, None), ("three", "Person 1", True, None),
        ("again: three", "Person 2", False, "echo"),
    ]  # fmt: skip
