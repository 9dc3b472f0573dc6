"""Whatever a live blueprint does, its conversation ends in bounded time and people finish, paid."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from crowdcore import LiveAssignment, hookimpl
from crowdcore.live import Left
from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage


def finish(stage: Stage, *people: LivePerson) -> None:
    """They can submit, and are paid."""
    for person in people:
        person.wait("status", phase="finish")
        assert person.submit({"text": "x"}).status_code == 200
    assert stage.owed() == {person.name: ["0.50"] for person in people}


class Breaks:
    """Runs `what(assignment)`; counts what was cleaned up."""

    def __init__(self, what: Any) -> None:
        self.what = what
        self.cleaned: list[int] = []

    @hookimpl
    async def blueprint_live(self, assignment: LiveAssignment) -> Any:
        await assignment.receive()
        return await self.what(assignment)

    @hookimpl
    def blueprint_cleanup(self, assignment: LiveAssignment) -> None:
        self.cleaned.append(assignment.conversation)


async def raises(assignment: LiveAssignment) -> None:
    raise ValueError("SECRET of the game")


async def leaves(assignment: LiveAssignment) -> None:
    sys.exit(3)


async def sends_nonsense(assignment: LiveAssignment) -> None:
    await assignment.send(None, {"text": {1, 2}})


async def sends_nan(assignment: LiveAssignment) -> None:
    await assignment.send(None, float("nan"))


async def sends_nowhere(assignment: LiveAssignment) -> None:
    await assignment.send(2, "hello")


async def asks_nobody(assignment: LiveAssignment) -> None:
    await assignment.receive(seat=-1)


async def turns_wrong(assignment: LiveAssignment) -> None:
    await assignment.turn(7)


async def forms_text(assignment: LiveAssignment) -> None:
    await assignment.form(None, "a form")


async def lets_a_stranger_leave(assignment: LiveAssignment) -> None:
    raise Left(5, "timed_out")


async def cancels_itself(assignment: LiveAssignment) -> None:
    raise asyncio.CancelledError


async def fails_in_a_group(assignment: LiveAssignment) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(raises(assignment))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (raises, "ValueError: SECRET of the game (test_failing_blueprints.py:"), (leaves, "SystemExit: 3"),
        (sends_nonsense, "TypeError: send: what is sent must be JSON"), (sends_nan, "ValueError: send: what is sent"),
        (sends_nowhere, "there is no seat 2 in this conversation; its seats are 0, 1 (None: all)"),
        (asks_nobody, "there is no seat -1"), (turns_wrong, "there is no seat 7"),
        (forms_text, "TypeError: form: an object"), (lets_a_stranger_leave, "Left: seat 5: timed_out"),
        (cancels_itself, "CancelledError"),
        (fails_in_a_group, "ExceptionGroup"),
    ],
)  # fmt: skip
def test_a_fault_is_told_to_the_operator_and_not_to_people(
    stage: Stage, what: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Breaks(what)
    stage.launch(hooks=[hooks])
    one, two = stage.pair()
    one.say("go")
    finish(stage, one, two)
    assert stage.agent(one)["conversation_reason"] == "failed"
    assert said in caplog.text
    assert "[conversation 1]" in caplog.text
    assert "SECRET" not in str(one.frames)
    assert hooks.cleaned == [1]


def test_one_that_waits_for_ever_ends_when_its_time_is_over(stage: Stage) -> None:
    stage.launch(pairing={"max_duration": 60})
    one, two = stage.pair()
    one.say({"do": "hang"})
    one.wait("ack")
    stage.clock.advance(61)
    finish(stage, one, two)
    assert stage.agent(one)["conversation_reason"] == "max_duration"


def test_one_that_ignores_its_end_is_left_alone_and_said(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.launch(pairing={"max_duration": 60})
    one, two = stage.pair()
    one.say({"do": "stuck"})
    one.wait("ack")
    stage.clock.advance(61)
    until(lambda: stage.clock.advance(0.2) or stage.agent(one)["conversation"] == "ended")
    finish(stage, one, two)
    assert "blueprint_live of conversation 1 does not end and is left alone" in caplog.text
    three, four = stage.person("three"), stage.person("four")
    three.wait("status", status="in_task")
    three.say("hello")
    four.wait("message")
    stage.run.stop()  # it does not wait for what never ends


def test_who_does_not_act_in_time_is_named(stage: Stage) -> None:
    stage.launch(blueprint={"play": "turns", "timeout": 30})
    one, two = stage.pair()
    one.wait("turn", who="Person 1")
    stage.clock.advance(31)
    finish(stage, two)
    assert "partner_left" in [frame.get("status") for frame in two.frames]
    row = stage.agent(one)
    assert (row["status"], row["end_reason"], row["unit"]) == ("ended", "timed_out", "expired")


def test_when_nobody_says_anything_nobody_is_to_blame(stage: Stage) -> None:
    stage.launch(blueprint={"timeout": 30})
    one, two = stage.pair()
    one.say("hello")
    two.wait("message")
    stage.clock.advance(31)
    finish(stage, one, two)
    assert stage.agent(one)["conversation_reason"] == "timed_out"
    assert "partner_left" not in [frame.get("status") for frame in one.frames]


def test_a_blueprint_may_say_who_did_not_act(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say({"do": "left", "seat": 1})
    finish(stage, one)
    assert "partner_left" in [frame.get("status") for frame in one.frames]
    assert stage.agent(two)["end_reason"] == "timed_out"


def test_a_cleanup_that_fails_is_said_and_harms_nobody(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    class Untidy:
        @hookimpl
        def blueprint_cleanup(self, assignment: LiveAssignment) -> None:
            raise OSError("no space")

    stage.launch(hooks=[Untidy()])
    one, two = stage.pair()
    one.say({"do": "end"})
    finish(stage, one, two)
    assert stage.agent(one)["conversation_reason"] == "done"
    assert "blueprint_cleanup of" in caplog.text
    assert "OSError: no space" in caplog.text


def test_polling_without_a_pause_does_not_hold_up_the_server(stage: Stage) -> None:
    class Restless:
        @hookimpl
        async def blueprint_live(self, assignment: LiveAssignment) -> None:
            while True:
                try:
                    message = await assignment.receive(timeout=0)
                except TimeoutError:
                    continue
                await assignment.send(None, message.data)
                if message.data == "bye":
                    return

    stage.launch(hooks=[Restless()])
    one, two = stage.pair()
    for n in range(20):
        one.say(n)
        assert two.wait("message")["data"] == n
    one.say("bye")
    finish(stage, one, two)
