"""`assignment.replace(seat)`: a silent player gets a bot, and the game goes on; also after a restart."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore import LiveAssignment, hookimpl
from tests.live.conftest import Stage

TURN = 20.0


class Game:
    """Each in turn; whoever says nothing within TURN gives the seat to a bot. After `rounds` turns it is over."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds

    @hookimpl
    async def blueprint_live(self, assignment: LiveAssignment) -> None:
        """Play."""
        for n in range(self._rounds):
            seat = n % 2
            await assignment.turn(seat)
            try:
                message = await assignment.receive(timeout=TURN, seat=seat)
            except TimeoutError:
                await assignment.replace(seat)
                await assignment.context(None, {"replaced": assignment.name(seat), "bot": assignment.is_bot(seat)})
                message = await assignment.receive(timeout=TURN, seat=seat)
            await assignment.send(None, message.data, sender=message.sender, id=message.id)


def launch(stage: Stage, rounds: int, **pairing: Any) -> None:
    stand_in = {"stand_in": {"type": "echo", "prefix": "bot: "}}
    stage.launch(hooks=[Game(rounds)], blueprint={"num_assignments": 1}, pairing={**stand_in, **pairing})


@pytest.mark.parametrize("policy", ["end_and_pay", "requeue", "wait"])
def test_the_others_play_on_with_a_bot(stage: Stage, policy: str) -> None:
    launch(stage, 4, on_partner_left=policy)
    one, two = stage.pair()
    one.say({"text": "first"})
    two.wait("turn", who="Person 2")
    stage.clock.advance(TURN + 1)
    assert two.wait("status", status="ended")["note"] == "You did not answer in time, so this ended."
    one.wait("context", replaced="Person 2", bot=True)
    assert one.wait("message", sender="Person 2")["data"] == {"text": "bot: first"}
    one.wait("turn", who="Person 1")
    one.say({"text": "third"})
    assert one.wait("message", data={"text": "bot: third"})["sender"] == "Person 2"
    one.wait("status", phase="finish")
    assert one.submit({"text": "done"}).json()["status"] == "completed"
    assert stage.owed() == {"one": ["0.50"]}
    assert stage.agent(two)["end_reason"] == "replaced"


def test_it_is_played_again_after_a_restart(stage: Stage) -> None:
    launch(stage, 4)
    one, two = stage.pair()
    one.say({"text": "first"})
    two.wait("turn", who="Person 2")
    stage.clock.advance(TURN + 1)
    one.wait("message", data={"text": "bot: first"})
    stage.restart()
    one = stage.again(one)
    one.say({"text": "third"})
    one.wait("message", data={"text": "bot: third"})
    one.wait("status", phase="finish")
    assert [row["reason"] for row in stage.rows("SELECT reason FROM conversation")] == ["done"]
    assert len(stage.events("stand_in_seated")) == 1


def test_without_a_bot_it_is_a_fault_of_the_task_that_says_so(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.launch(hooks=[Game(4)], blueprint={"num_assignments": 1})
    one, two = stage.pair()
    one.say({"text": "first"})
    two.wait("turn", who="Person 2")
    stage.clock.advance(TURN + 1)
    one.wait("status", phase="finish")
    assert "pairing.stand_in lists no bot that could take the seat" in caplog.text
    assert stage.agent(two)["status"] == "in_task"
