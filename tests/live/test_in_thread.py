"""Blocking code in a conversation: a thread of its own, woken at the end, never in anybody's way."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from crowdcore import LiveAssignment, hookimpl
from crowdcore.live import Blocking, Ended, Left, in_thread
from crowdcore.testing import until
from crowdcore.testing.patience import PATIENCE
from tests.live.conftest import Stage

Play = Callable[[Blocking], Any]


class InThread:
    """Plays `play` in a thread; `answers` are what it answered, `ended` whether the task got that far."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.answers: list[Any] = []

    @hookimpl
    async def blueprint_live(self, assignment: LiveAssignment) -> None:
        self.answers.append(await in_thread(assignment, self.play))


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("crowd-conversation-")]


def test_a_function_that_blocks_plays_a_whole_conversation(stage: Stage) -> None:
    def play(game: Blocking) -> str:
        assert game.assignment.item == {"n": 0}
        assert (game.seats, [game.name(seat) for seat in game.seats]) == ((0, 1), ["Person 1", "Person 2"])
        assert [agent.worker.name for agent in game.agents] == ["one", "two"]
        assert (game.is_bot(0), game.replaying) == (False, False)
        game.context(None, {"topic": "cats"})
        game.turn(1)
        game.form(0, {"questions": []})
        message = game.receive(seat=1)
        game.send(0, message.data, sender=message.sender, id=message.id)
        game.save({"seed": game.seed, "number": game.random.random(), "conversation": game.conversation})
        return threading.current_thread().name

    hooks = InThread(play)
    stage.launch(hooks=[hooks])
    one, two = stage.pair()
    assert (one.wait("context")["topic"], one.wait("turn")["who"]) == ("cats", "Person 2")
    one.wait("form")
    two.say("hello")
    assert one.wait("message")["data"] == "hello"
    one.wait("status", status="completed")
    assert hooks.answers == ["crowd-conversation-1"]
    until(lambda: not threads())


def test_a_timeout_and_a_poll_are_timeout_errors(stage: Stage) -> None:
    def play(game: Blocking) -> list[float]:
        waited = []
        for timeout in (0, 0.0, 30):
            began = stage.clock.ticks()
            with pytest.raises(TimeoutError):
                game.receive(timeout=timeout)
            waited.append(stage.clock.ticks() - began)
        return waited

    hooks = InThread(play)
    stage.launch(hooks=[hooks])
    one, _ = stage.pair()
    until(lambda: stage.clock.advance(0.5) or hooks.answers)
    polls, last = hooks.answers[0][:2], hooks.answers[0][2]
    assert max(polls) < 30 <= last
    one.wait("status", status="completed")


def test_somebody_who_leaves_wakes_a_call_that_blocks(stage: Stage) -> None:
    heard: list[Any] = []

    def play(game: Blocking) -> None:
        try:
            game.receive()
        except Left as left:
            heard.append((left.seat, left.reason))
            game.send(None, "goodbye")

    stage.launch(hooks=[InThread(play)])
    one, two = stage.pair()
    two.leave()
    assert one.wait("message")["data"] == "goodbye"
    one.wait("status", status="partner_left")
    assert heard == [(1, "returned")]
    assert one.submit({"text": "x"}).status_code == 200


def test_the_end_wakes_a_call_that_blocks_and_all_that_follow(stage: Stage) -> None:
    raised: list[str] = []

    def play(game: Blocking) -> None:
        for call in (game.receive, lambda: game.send(None, 1), lambda: game.turn(0), game.receive):
            try:
                call()
            except Ended as ended:
                raised.append(str(ended))

    stage.launch(hooks=[InThread(play)], pairing={"max_duration": 60})
    one, two = stage.pair()
    stage.clock.advance(60)
    for person in (one, two):
        person.wait("status", status="completed")
    assert raised == ["the conversation is over"] * 4
    assert stage.agent(one)["conversation_reason"] == "max_duration"
    until(lambda: not threads())


@pytest.mark.parametrize("error", [ValueError("of the game"), SystemExit(3), StopIteration(), KeyboardInterrupt()])
def test_what_the_function_raises_ends_the_conversation_and_nothing_else(
    stage: Stage, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def play(game: Blocking) -> None:
        game.receive()
        raise error

    stage.launch(hooks=[InThread(play)])
    one, two = stage.pair()
    one.say("go")
    for person in (one, two):
        person.wait("status", status="completed")
        assert person.submit({"text": "x"}).status_code == 200
    assert stage.agent(one)["conversation_reason"] == "failed"
    assert "blueprint_live of" in caplog.text
    three, four = stage.person("three"), stage.person("four")
    for person in (three, four):
        person.wait("status", status="in_task")


def test_a_thread_that_never_comes_back_is_left_behind_and_said(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    released = threading.Event()
    try:
        stage.launch(hooks=[InThread(lambda _: released.wait())], pairing={"max_duration": 60})
        one, two = stage.pair()
        stage.clock.advance(61)
        until(lambda: stage.clock.advance(0.2) or stage.agent(one)["conversation"] == "ended")
        assert "blueprint_live of conversation 1 does not end and is left alone" in caplog.text
        for person in (one, two):
            assert person.submit({"text": "x"}).status_code == 200
        stage.run.stop()  # it does not hold up the end of the process either
        assert len(threads()) == 1
    finally:
        released.set()
    until(lambda: not threads())


def test_a_thread_that_goes_on_after_the_run_is_told_that_it_has_ended(stage: Stage) -> None:
    games: list[Blocking] = []
    stage.launch(hooks=[InThread(games.append)])
    one, _ = stage.pair()
    one.wait("status", status="completed")
    stage.run.stop()
    stage.run._host._thread.join(PATIENCE)
    with pytest.raises(Ended):
        games[0].send(None, "is anybody there?")


def test_a_thread_that_was_left_behind_still_takes_its_place(stage: Stage) -> None:
    released = threading.Event()
    try:
        stage.launch(hooks=[InThread(lambda _: released.wait())], pairing={"max_conversations": 1, "max_duration": 60})
        one, _ = stage.pair()
        three, four = stage.person("three"), stage.person("four")
        until(lambda: three.frames[-1]["waiting"]["full"] and four.frames[-1]["waiting"]["full"])
        stage.clock.advance(61)
        until(lambda: stage.clock.advance(0.2) or stage.agent(one)["conversation"] == "ended")
        assert stage.agent(three)["status"] == "waiting"  # what hangs does not multiply
        released.set()
        three.wait("status", status="in_task")
    finally:
        released.set()


def test_the_stack_is_small_and_deep_enough_and_other_threads_keep_theirs(stage: Stage) -> None:
    depth: list[int] = []

    def deep(level: int) -> int:
        return level if level == 0 else deep(level - 1)

    def play(game: Blocking) -> None:
        depth.append(deep(sys.getrecursionlimit() - 200))  # Python's own depth does not need the stack
        game.receive()

    before = threading.stack_size()
    stage.launch(hooks=[InThread(play)])
    one, _ = stage.pair()
    until(lambda: depth)
    until(lambda: threading.stack_size() == before)  # it starts before its starter has put that back
    one.say("x")
    one.wait("status", status="completed")


def test_it_may_be_called_more_than_once_and_beside_other_code(stage: Stage) -> None:
    class Rounds:
        @hookimpl
        async def blueprint_live(self, assignment: LiveAssignment) -> None:
            for seat in assignment.seats:
                message = await in_thread(assignment, lambda game, s=seat: game.receive(seat=s))
                await assignment.send(None, [seat, message.data])

    stage.launch(hooks=[Rounds()])
    one, two = stage.pair()
    two.say("b")
    one.say("a")
    one.wait("status", status="completed")
    assert one.texts() == [[0, "a"], [1, "b"]]
