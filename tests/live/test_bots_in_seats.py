"""A stand-in sits like anybody: it hears what is delivered to it and speaks when it is its turn, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crowdcore import LiveAssignment, hookimpl
from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage

BOTS = '''
import time
from pathlib import Path
from crowdcore.bots import BotFailed

class Counting:
    """Says how much it has heard."""
    def about(self):
        return {"name": "counting", "model": "m-1", "version": "2", "instructions": "00ff"}
    def act(self, item, conversation, me):
        return {"text": f"{len(conversation)} heard, item {item['n']}"}

class Waiting(Counting):
    def act(self, item, conversation, me):
        answer = super().act(item, conversation, me)
        end = time.monotonic() + 60
        while not Path("GATE").exists() and time.monotonic() < end:
            time.sleep(0.01)
        return answer

class Broken:
    def act(self, item, conversation, me):
        raise BotFailed("out of order")

class Tired(Counting):
    def act(self, item, conversation, me):
        if len(conversation) > 2:
            raise BotFailed("tired")
        return super().act(item, conversation, me)

class Silent:
    def act(self, item, conversation, me):
        return None
'''

Alone = Callable[..., LivePerson]


@pytest.fixture
def bots(tmp_path: Path) -> Path:
    """A file with bots."""
    file = tmp_path / "bots.py"
    file.write_text(BOTS.replace("GATE", str(tmp_path / "gate")))
    return file


@pytest.fixture
def alone(stage: Stage, bots: Path) -> Alone:
    """Launches a task and lets somebody wait until a stand-in comes: `alone("Counting", "Broken", blueprint={…})`."""

    def launch(*names: str, hooks: Any = (), **sections: Any) -> LivePerson:
        chain = [{"type": f"{bots}:{name}" if name[0].isupper() else name} for name in names]
        pairing = {"timeout": 30, "on_timeout": "stand_in", "stand_in": chain, **sections.pop("pairing", {})}
        stage.launch(hooks=hooks, pairing=pairing, **sections)
        one = stage.person("one")
        one.wait("status", status="waiting")
        stage.clock.advance(31)
        one.wait("status", status="in_task")
        return one

    return launch


def said(stage: Stage) -> list[dict[str, Any]]:
    """The messages of the journal, as they are kept."""
    rows = stage.rows("SELECT data, n FROM journal WHERE kind = 'message' ORDER BY n")
    return [json.loads(row["data"]) for row in rows]


def test_a_bot_answers_what_others_say(alone: Alone) -> None:
    one = alone("echo")
    one.say({"text": "hello"})
    echoed = one.wait("message", sender="Person 2")
    assert (echoed["data"], echoed["id"]) == ({"text": "hello"}, "bot-1-1")
    one.say({"text": "again"})
    assert one.wait("message", sender="Person 2")["id"] == "bot-1-2"
    assert one.texts() == ["hello", "hello", "again", "again"]


def test_a_bot_may_speak_first_and_hears_everything_in_order(alone: Alone) -> None:
    one = alone("Counting")
    assert one.wait("message")["data"] == {"text": "0 heard, item 0"}
    one.say("a")
    assert one.wait("message", sender="Person 2")["data"] == {"text": "2 heard, item 0"}
    one.say("b")
    assert one.wait("message", sender="Person 2")["data"] == {"text": "4 heard, item 0"}


def test_a_bot_speaks_when_it_is_its_turn(alone: Alone) -> None:
    one = alone("Counting", blueprint={"play": "turns"})
    one.wait("turn", who="Person 1")
    one.say("a")
    assert one.wait("message", sender="Person 2")["data"] == {"text": "1 heard, item 0"}
    one.wait("turn", who="Person 1")
    one.say("b")
    assert one.wait("message", sender="Person 2")["data"] == {"text": "3 heard, item 0"}
    assert [f["who"] for f in one.frames if f["type"] == "turn"][:4] == ["Person 1", "Person 2"] * 2


def test_a_bot_that_says_nothing_is_not_asked_again_until_there_is_something_new(alone: Alone, stage: Stage) -> None:
    one = alone("Silent")
    for n in range(3):
        one.say(n)
        one.wait("message", data=n)
    one.say({"do": "end"})
    one.wait("status", status="completed")
    assert one.texts() == [0, 1, 2]


def test_who_waits_sees_that_the_bot_is_at_it(alone: Alone) -> None:
    one = alone("Counting", blueprint={"play": "turns"})
    one.wait("turn", who="Person 1")
    one.say("a")
    assert one.wait("typing") == {"type": "typing", "name": "Person 2"}


def test_everything_a_bot_says_is_kept_with_who_it_is(alone: Alone, stage: Stage) -> None:
    one = alone("Counting")
    one.wait("message")
    one.say("a")
    one.wait("message", sender="Person 2")
    [bot] = stage.rows("SELECT * FROM agent WHERE kind = 'bot'")
    kept = said(stage)
    about = {"name": "counting", "model": "m-1", "version": "2", "instructions": "00ff", "at": 0}
    assert [one.get("bot") for one in kept] == [about, None, about]
    assert json.loads(bot["bot"]) == about
    assert stage.rows("SELECT COUNT(*) AS n FROM inbox WHERE agent_id = :a", a=bot["id"])[0]["n"] == 3


@pytest.mark.parametrize("play", ["relay", "turns"])
def test_a_bot_goes_on_after_a_restart_and_speaks_once(alone: Alone, stage: Stage, play: str) -> None:
    one = alone("Counting", blueprint={"play": play})
    if play == "turns":
        one.wait("turn", who="Person 1")
    one.say("a")
    until(lambda: len(one.texts()) == (2 if play == "turns" else 3))
    if play == "turns":
        one.wait("turn", who="Person 1")
    before = one.texts()
    for _ in range(2):
        stage.restart()
        one = stage.again(one)
        until(lambda: len(one.texts()) >= len(before))  # noqa: B023
        assert one.texts() == before
    one.say("b")
    one.wait("message", data="b")
    last = one.wait("message", sender="Person 2", data={"text": f"{len(before) + 1} heard, item 0"})
    assert last["id"] == f"bot-1-{len(before)}"


def test_a_bot_that_was_thinking_is_asked_again_after_a_restart(alone: Alone, stage: Stage, bots: Path) -> None:
    one = alone("Waiting", blueprint={"play": "turns"})
    one.wait("turn", who="Person 1")
    one.say("a")
    one.wait("typing")
    stage.restart()
    (bots.parent / "gate").touch()
    one = stage.again(one)
    assert one.wait("message", sender="Person 2")["data"] == {"text": "1 heard, item 0"}
    one.wait("turn", who="Person 1")
    assert [t for t in one.texts() if t != "a"] == ["1 heard, item 0"]


def test_the_next_one_takes_over_when_one_fails(alone: Alone, stage: Stage) -> None:
    one = alone("Tired", "echo")
    one.wait("message")
    one.say("a")
    one.wait("message", sender="Person 2")
    one.say("b")
    assert one.wait("message", sender="Person 2")["data"] == "b"
    assert [m["bot"]["name"] for m in said(stage) if "bot" in m] == ["counting", "counting", "echo"]
    [bot] = stage.rows("SELECT bot FROM agent WHERE kind = 'bot'")
    assert json.loads(bot["bot"])["at"] == 1
    until(lambda: [event["bot"] for event in stage.events("stand_in_failed")])
    stage.restart()
    one = stage.again(one)
    one.say("c")
    assert one.wait("message", sender="Person 2", data="c")["id"] == "bot-1-4"


def test_when_no_stand_in_is_left_the_others_finish_and_are_paid(alone: Alone, stage: Stage) -> None:
    one = alone("Broken", "Tired")
    one.wait("message")
    for n in range(2):
        one.say(n)
    one.wait("status", status="partner_left")
    until(lambda: stage.clock.advance(0.5) or stage.agent(one)["conversation"] == "ended")
    assert stage.agent(one)["conversation_reason"] == "stand_in_failed"
    assert one.submit({"text": "x"}).status_code == 200
    assert stage.owed() == {"one": ["0.50"]}


def test_a_bot_takes_the_seat_of_somebody_who_left_and_knows_what_was_said(stage: Stage, bots: Path) -> None:
    chain = [{"type": f"{bots}:Counting"}]
    stage.launch(pairing={"stand_in": chain, "on_partner_left": "stand_in"})
    one, two = stage.pair()
    one.say("a")
    two.say("b")
    one.wait("message", data="b")
    two.leave()
    assert one.wait("message", sender="Person 2", data={"text": "2 heard, item 0"})
    one.say("c")
    one.wait("message", sender="Person 2", data={"text": "4 heard, item 0"})
    before = one.texts()
    stage.restart()
    one = stage.again(one)
    until(lambda: one.texts() == before)
    one.say("d")
    one.wait("message", sender="Person 2", data={"text": "6 heard, item 0"})
    assert stage.agent(two)["status"] == "ended"


def test_the_seat_changes_at_the_same_place_when_it_is_played_again(stage: Stage, bots: Path) -> None:
    seen: list[list[bool]] = []

    class Watches:
        @hookimpl
        async def blueprint_live(self, assignment: LiveAssignment) -> None:
            mine: list[bool] = []
            seen.append(mine)
            while True:
                mine.append(assignment.is_bot(1))
                message = await assignment.receive()
                await assignment.send(None, [message.data, assignment.is_bot(1)], sender=message.sender)

    stage.launch(hooks=[Watches()], pairing={"stand_in": [{"type": "echo"}], "on_partner_left": "stand_in"})
    one, two = stage.pair()
    one.say("a")
    one.wait("message")
    two.leave()
    one.wait("message", sender="Person 2")  # the echo of what the seat heard last
    until(lambda: len(seen[0]) == 3)
    stage.restart()
    until(lambda: len(seen) == 2 and len(seen[1]) == 3)
    assert seen[1] == seen[0]
    assert seen[0][0] is False
    assert seen[0][-1] is True
