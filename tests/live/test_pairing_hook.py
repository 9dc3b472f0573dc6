"""A task decides by itself what to do when partners do not come: `pairing_timeout`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.live.timers import Timers
from crowdcore.testing import LivePerson, ManualClock, until
from crowdcore.types import Agent, Assignment, LaunchReduced, Release, Requeue, StandIn, Wait
from tests.live.conftest import Stage

TIMEOUT = 60.0


class Decides:
    """The answers of the hook, one after the other; the last one again and again."""

    def __init__(self, *answers: Any, meanwhile: Callable[[], None] | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, list[str]]] = []
        self.meanwhile = meanwhile

    @hookimpl
    def pairing_timeout(self, assignment: Assignment, waiting: list[Agent]) -> Any:
        """The next answer."""
        self.asked.append((assignment.item["n"], [agent.worker.name for agent in waiting]))
        if self.meanwhile is not None:
            self.meanwhile()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def waiting(stage: Stage, hook: Decides, **pairing: Any) -> LivePerson:
    """Somebody who waits alone, and whose time is up."""
    stage.launch(
        [hook],
        pairing={
            "timeout": TIMEOUT,
            "waiting_pay": "0.05",
            "disconnect_grace": 10,
            "stand_in": {"type": "echo"},
            **pairing,
        },
    )
    one = stage.person("one")
    one.wait("status", status="waiting")
    stage.clock.advance(TIMEOUT + 0.1)
    return one


@pytest.mark.parametrize(
    ("answer", "status"),
    [(LaunchReduced(), "in_task"), (StandIn("echo"), "in_task"), (Release(), "ended"), (Requeue(), "waiting")],
)
def test_its_answer_is_done_and_kept_with_its_name(stage: Stage, answer: Any, status: str) -> None:
    hook = Decides(answer)
    one = waiting(stage, hook)
    one.wait("status", status=status)
    assert hook.asked == [(0, ["one"])]
    assert until(lambda: stage.events("pairing_decided"))
    assert stage.events("pairing_decided")[0]["by"] == "hooks"


def test_release_pays_what_it_says(stage: Stage) -> None:
    one = waiting(stage, Decides(Release(pay=Decimal("0.12"))))
    one.wait("status", status="ended")
    assert stage.owed() == {"one": ["0.12"]}
    assert until(lambda: stage.run.counters.owed == Decimal("0.12"))
    assert "0.12" in stage.crowd("owed", "t")


def test_release_for_nothing_pays_nothing(stage: Stage) -> None:
    one = waiting(stage, Decides(Release()))
    assert "paid" not in one.wait("status", status="ended")["note"]
    assert stage.owed() == {}
    assert stage.agent(one)["visit"] == "timed_out"


def test_wait_asks_again_when_that_time_is_over(stage: Stage) -> None:
    hook = Decides(Wait(30), LaunchReduced())
    one = waiting(stage, hook)
    until_then = one.wait("status", status="waiting")["waiting"]
    assert until_then["until"] - until_then["now"] == pytest.approx(30, abs=0.5)
    stage.clock.advance(29)
    stage.settle()
    assert len(hook.asked) == 1
    stage.clock.advance(2)
    one.wait("status", status="in_task")
    assert len(hook.asked) == 2


def test_waiting_for_ever_ends_with_the_time_of_the_assignment(stage: Stage) -> None:
    one = waiting(stage, Decides(Wait(1e9)))
    assert until(lambda: stage.events("pairing_decided"))
    stage.clock.advance(1800)
    one.wait("status", status="ended")
    assert stage.events("pairing_decided")[-1]["by"] == "service"
    assert stage.owed() == {"one": ["0.05"]}
    row = stage.agent(one)
    assert (row["end_reason"], row["visit"]) == ("expired", "submitted")


@pytest.mark.parametrize(
    "answer",
    [ValueError("no idea"), None, "release", Wait(float("nan")), Wait("soon"), Release(pay=Decimal(-1))],  # type: ignore[arg-type]
)
def test_where_it_fails_the_configuration_decides(stage: Stage, answer: Any) -> None:
    one = waiting(stage, Decides(answer), on_timeout="launch_reduced")
    one.wait("status", status="in_task")
    (decided,) = stage.events("pairing_decided")
    assert (decided["decision"], decided["by"]) == ("launch_reduced", "pairing.on_timeout")


def test_a_bot_that_is_not_there_releases_those_who_wait(stage: Stage) -> None:
    one = waiting(stage, Decides(StandIn("ghost")))
    one.wait("status", status="ended")
    (decided,) = stage.events("pairing_decided")
    assert (decided["decision"], decided["reason"]) == ("release", "1 of 2 came in time; no stand-in ghost")
    assert stage.owed() == {"one": ["0.05"]}


def test_its_answer_is_dropped_if_the_partner_came_meanwhile(stage: Stage) -> None:
    hook = Decides(Release(pay=Decimal(1)))
    two: list[LivePerson] = []

    def partner_comes() -> None:
        two.append(stage.person("two"))
        two[0].wait("status", status="in_task")

    hook.meanwhile = partner_comes
    one = waiting(stage, hook)
    one.wait("status", status="in_task")
    assert until(lambda: stage.events("pairing_dropped"))
    assert stage.events("pairing_decided") == []
    one.say({"text": "hello"})
    assert two[0].wait("message")["data"] == {"text": "hello"}
    assert stage.owed() == {}


def test_a_time_out_comes_when_its_time_has_come(stage: Stage) -> None:
    stage.launch(pairing={"timeout": TIMEOUT, "on_timeout": "launch_reduced"})
    for name in "abc":
        person = stage.person(name)
        person.wait("status", status="waiting")
        stage.clock.advance(TIMEOUT)
        person.wait("status", status="in_task")


def test_it_is_looked_for_a_time_out_every_20_milliseconds() -> None:
    """How late one comes is measured by `make bench-live`."""
    waits: list[float] = []

    class Waiting(asyncio.SelectorEventLoop):
        def call_later(self, delay: float, *args: Any, **more: Any) -> asyncio.TimerHandle:
            waits.append(delay)
            return super().call_later(delay, *args, **more)

    async def main() -> None:
        clock, come = ManualClock(), asyncio.Event()
        timers = Timers(clock)
        timers.after(TIMEOUT, come.set)
        for _ in range(20):
            looks = len(waits)
            while len(waits) == looks:
                await asyncio.sleep(0)
            clock.advance(TIMEOUT / 20)
        await come.wait()

    with asyncio.Runner(loop_factory=Waiting) as runner:
        runner.run(main())
    assert len(waits) >= 20
    assert max(waits) <= 0.02
