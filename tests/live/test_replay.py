"""After a crash a conversation goes on where it was: the blueprint runs again and gets the same answers."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from crowdcore import LiveAssignment, hookimpl
from crowdcore.live import Left
from crowdcore.testing import LivePerson, until
from crowdcore.testing.patience import PATIENCE
from tests.live.conftest import Stage


def seqs(*people: LivePerson) -> list[int]:
    return [frame["seq"] for person in people for frame in person.frames if "seq" in frame]


@pytest.mark.parametrize("play", ["relay", "busy", "thread"])
def test_counters_and_random_choices_go_on_after_a_restart(stage: Stage, play: str) -> None:
    stage.launch(blueprint={"play": play})
    one, two = stage.pair()
    for n in range(5):
        one.say(n)
        one.say({"do": "draw"})
    drawn = [two.wait("message", sender=None)["data"] for _ in range(5)]
    before = list(two.frames)
    stage.restart(away=100)
    one, again = stage.again(one), stage.again(two)
    again.wait("message", data=drawn[-1])
    assert [f for f in again.frames if "seq" in f] == [f for f in before if "seq" in f]
    one.say({"do": "draw"})
    more = again.wait("message", sender=None)["data"]
    assert more["count"] == 11
    assert more["drawn"] not in [one["drawn"] for one in drawn]
    assert seqs(again) == list(range(1, 12))
    stage.restart()
    one = stage.again(one)
    one.say({"do": "end"})
    one.wait("status", status="completed")
    assert [data for data in one.texts() if isinstance(data, dict)] == [*drawn, more]


def test_numbers_are_the_same_as_without_a_crash(stage: Stage) -> None:
    drawn: dict[int, list[float]] = {}

    class Draws:
        @hookimpl
        async def blueprint_live(self, assignment: LiveAssignment) -> None:
            mine = drawn.setdefault(assignment.conversation, [])
            mine.clear()
            while True:
                mine.append(assignment.random.random())
                message = await assignment.receive()
                await assignment.send(None, [message.data, mine[-1]])

    stage.launch(hooks=[Draws()])
    one, _ = stage.pair()
    for n in range(3):
        one.say(n)
        one.wait("message")
    first = list(drawn[1])
    stage.restart()
    until(lambda: len(drawn[1]) == 4)
    assert drawn[1] == first


def test_what_was_said_while_nobody_listened_is_heard_after_the_restart(stage: Stage) -> None:
    stage.launch(blueprint={"play": "turns"})
    one, two = stage.pair()
    for n in range(3):
        two.say(n)  # it is one's turn
        two.wait("ack")
    assert two.texts() == []
    stage.restart()
    one, two = stage.again(one), stage.again(two)
    two.say("last")
    two.wait("ack")
    for n in ("a", "b", "c", "d"):
        one.say(n)
    two.wait("message", data="last")
    assert two.texts() == ["a", 0, "b", 1, "c", 2, "d", "last"]


def test_nothing_is_delivered_twice_when_it_is_played_again(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    for n in range(10):
        one.say(n)
    two.wait("message", data=9)
    for _ in range(3):
        stage.restart()
        two = stage.again(two)
        two.wait("message", data=9)
    one = stage.again(one)
    one.say("new")
    two.wait("message", data="new")
    assert two.texts() == [*range(10), "new"]
    assert seqs(two) == list(range(1, 12))


class Unsteady:
    """Does something else each time it runs."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.runs = 0

    @hookimpl
    async def blueprint_live(self, assignment: LiveAssignment) -> None:
        self.runs += 1
        again = self.runs > 1
        await assignment.send(None, {"run": self.runs if self.how == "data" else 1})
        if again and self.how == "call":
            await assignment.turn(0)
        if again and self.how == "returns":
            return
        if again and self.how == "raises":
            raise KeyError("of the second time")
        if again and self.how == "sleeps":
            await asyncio.Event().wait()
        if again and self.how == "seat":
            await assignment.receive(seat=1)
        await assignment.receive()
        await assignment.send(None, "got it")
        await assignment.receive()

    def crash_after(self, stage: Stage) -> None:
        stage.launch(hooks=[self], pairing={"on_crash": "end_and_pay"})
        one, _ = stage.pair()
        one.say("x")
        one.wait("message", data="got it")
        stage.restart()


@pytest.mark.parametrize("how", ["data", "call", "returns", "raises", "seat"])
def test_a_blueprint_that_does_something_else_ends_and_people_finish(stage: Stage, how: str) -> None:
    Unsteady(how).crash_after(stage)
    one, two = stage.person("one"), stage.person("two")
    for person in (one, two):
        person.wait("status", phase="finish")
        assert person.submit({"text": "x"}).status_code == 200
    assert stage.agent(one)["conversation_reason"] == "replay_mismatch"
    assert stage.owed() == {"one": ["0.50"], "two": ["0.50"]}


class Slow:
    """Says everything again; the second time each step waits until it may."""

    def __init__(self) -> None:
        self.may = threading.Semaphore(0)
        self.lives = self.done = 0

    @hookimpl
    async def blueprint_live(self, assignment: LiveAssignment) -> None:
        self.lives += 1
        for n in range(5):
            if self.lives > 1:
                await asyncio.to_thread(self.may.acquire, timeout=PATIENCE)
            await assignment.send(None, (await assignment.receive()).data)
            self.done = n + 1
        await assignment.receive()


def test_going_on_may_take_its_time(stage: Stage) -> None:
    """As it does when many go on at once on a machine that is busy with other things."""
    slow = Slow()
    stage.launch(hooks=[slow])
    one, two = stage.pair()
    for n in range(5):
        one.say(n)
        two.wait("message", data=n)
    slow.done = 0
    stage.restart()
    one = stage.again(one)
    for n in range(5):
        stage.clock.advance(4)
        stage.settle()
        slow.may.release()
        until(lambda n=n: slow.done == n + 1)  # type: ignore[misc]
    one.say("new")
    one.wait("status", phase="finish")
    assert stage.agent(one)["conversation_reason"] == "done"


def test_one_that_takes_no_step_for_five_seconds_does_not_go_on(stage: Stage) -> None:
    Unsteady("sleeps").crash_after(stage)
    one = stage.person("one")
    one.wait("status", status="in_task")
    until(lambda: stage.clock.advance(0.2) or stage.agent(one)["conversation"] == "ended")
    assert stage.agent(one)["conversation_reason"] == "replay_mismatch"


def test_an_assignment_that_cannot_go_on_may_be_done_again(stage: Stage) -> None:
    stage.launch(hooks=[Unsteady("data")], pairing={"on_crash": "requeue"}, blueprint={"num_assignments": 1})
    one, _ = stage.pair()
    one.say("x")
    one.wait("message", data="got it")
    stage.restart()
    until(lambda: stage.agent(one)["conversation"] == "ended")
    assert stage.events("units_requeued")
    new = [stage.person(name) for name in ("three", "four")]
    for person in new:
        person.wait("status", status="in_task")
    assert [row["base"] for row in stage.rows("SELECT base FROM conversation ORDER BY id")] == [0, 2]


def test_a_wait_that_the_blueprint_gave_up_itself_is_played_again(stage: Stage) -> None:
    class Patient:
        @hookimpl
        async def blueprint_live(self, assignment: LiveAssignment) -> None:
            for n in range(3):
                try:
                    await asyncio.wait_for(assignment.receive(), 0.01)
                except TimeoutError:
                    await assignment.send(None, ["nobody", n])
            message = await assignment.receive()
            await assignment.send(None, ["somebody", message.data])
            await assignment.receive()

    stage.launch(hooks=[Patient()])
    one, _ = stage.pair()
    one.wait("message", data=["nobody", 2])
    one.say("now")
    one.wait("message", data=["somebody", "now"])
    stage.restart()
    one = stage.again(one)
    one.wait("message", data=["somebody", "now"])
    one.say("bye")
    one.wait("status", status="completed")
    assert stage.agent(one)["conversation_reason"] == "done"


def test_a_leaving_that_the_blueprint_heard_of_is_played_again(stage: Stage) -> None:
    class Polite:
        @hookimpl
        async def blueprint_live(self, assignment: LiveAssignment) -> None:
            try:
                await assignment.receive()
            except Left as left:
                await assignment.send(None, ["bye", left.seat, left.reason])
            await asyncio.Event().wait()

    stage.launch(hooks=[Polite()])
    one, two = stage.pair()
    two.leave()
    assert one.wait("message")["data"] == ["bye", 1, "returned"]
    stage.restart()
    one = stage.again(one)
    until(lambda: stage.clock.advance(0.5) or stage.agent(one)["conversation"] == "ended")
    assert stage.agent(one)["conversation_reason"] == "left"
    assert one.texts() == [["bye", 1, "returned"]]
    assert one.submit({"text": "x"}).status_code == 200


def test_two_calls_at_once_are_refused(stage: Stage) -> None:
    said: list[Any] = []

    class Hasty:
        @hookimpl
        async def blueprint_live(self, assignment: LiveAssignment) -> None:
            waiting = asyncio.create_task(assignment.receive(seat=0))
            await asyncio.sleep(0)
            try:
                await assignment.receive(seat=1)
            except RuntimeError as error:
                said.append(str(error))
            await waiting

    stage.launch(hooks=[Hasty()])
    one, _ = stage.pair()
    one.say("x")
    one.wait("status", status="completed")
    assert said == ["two calls of this conversation at once: wait for the first, else it cannot be replayed"]


def test_a_receive_that_is_given_up_before_its_first_step_counts_as_one(stage: Stage) -> None:
    """A busy server lets `wait_for` run out before the coroutine has begun; after a crash the same may be otherwise."""
    lives: list[list[Any]] = []

    @hookimpl
    async def blueprint_live(assignment: LiveAssignment) -> None:
        told: list[Any] = []
        lives.append(told)
        for _ in range(3):
            given_up = asyncio.ensure_future(assignment.receive())
            if len(lives) == 1:
                given_up.cancel()
            try:
                told.append((await asyncio.wait_for(given_up, 0.01)).data)
            except (asyncio.CancelledError, TimeoutError):
                told.append(None)
            await assignment.send(None, told)
        message = await asyncio.wait_for(assignment.receive(), None if len(lives) == 1 else 1e-9)
        await assignment.send(None, message.data)
        if len(lives) == 1:
            await asyncio.Event().wait()

    stage.launch(hooks=[blueprint_live])
    one, two = stage.pair()
    two.wait("message", data=[None, None, None])
    one.say("here")
    two.wait("message", data="here")
    stage.restart()
    until(lambda: stage.rows("SELECT reason FROM conversation")[0]["reason"])
    assert stage.rows("SELECT reason FROM conversation") == [{"reason": "done"}]
    assert lives == [[None, None, None]] * 2


def test_a_message_that_nobody_took_is_there_for_the_next_receive(stage: Stage) -> None:
    there = threading.Event()
    lives: list[list[Any]] = []

    @hookimpl
    async def blueprint_live(assignment: LiveAssignment) -> None:
        told: list[Any] = []
        lives.append(told)
        while not there.is_set():
            await asyncio.sleep(0.005)
        for _ in range(2):
            given_up = asyncio.ensure_future(assignment.receive())
            given_up.cancel()
            told.append(type((await asyncio.gather(given_up, return_exceptions=True))[0]).__name__)
            told.append((await assignment.receive()).data)
        await assignment.send(None, told)
        if len(lives) == 1:
            await asyncio.Event().wait()

    stage.launch(hooks=[blueprint_live])
    one, two = stage.pair()
    for text in ("a", "b"):
        one.wait("ack", id=one.say(text))
    there.set()
    two.wait("message", data=["CancelledError", "a", "CancelledError", "b"])
    stage.restart()
    until(lambda: stage.rows("SELECT reason FROM conversation")[0]["reason"])
    assert stage.rows("SELECT reason FROM conversation") == [{"reason": "done"}]
    assert lives == [["CancelledError", "a", "CancelledError", "b"]] * 2
