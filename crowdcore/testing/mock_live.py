"""The `mock_live` blueprint: people together in the smallest way, steered by what they say. For tests."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crowdcore.live import Blocking, Left, in_thread
from crowdcore.plugins.markers import hookimpl
from crowdcore.plugins.options import option
from crowdcore.testing.mock import PAGE, SCRIPT

if TYPE_CHECKING:
    from crowdcore.plugins.live_assignment import LiveAssignment, Message
    from crowdcore.plugins.run import Run
    from crowdcore.types import Agent


class MockLiveBlueprint:
    """Passes every message on to all, until somebody says {"do": "end"} or so many messages came.

    What a message's `do` says is done instead of passing it on:

        end                     the conversation ends
        raise                   the blueprint raises ValueError(text)
        left                    it raises Left(seat, "timed_out")
        hang                    it waits for ever; stuck: and ignores that it is cancelled
        turn {seat}, form {form}, context {context}, save {data}     the call of this name; with `to`: to one seat
        flood {times, size}     sends `times` messages of `size` characters to all
        draw                    sends a number of `assignment.random` and how many messages it has counted
    """

    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Options of the blueprint `mock_live`."""

        num_assignments: int = option(10, help="How many items there are; 0 = endless", min=0)
        units_per_assignment: int = option(2, help="How many people work together", min=1)
        messages: int = option(0, help="End after so many messages; 0 = when somebody says so", min=0)
        play: Literal["relay", "turns", "thread", "busy"] = option(
            "relay", help="relay, turns: one after the other, thread: relay in blocking code, busy: relay by polling"
        )
        timeout: float = option(0.0, help="Seconds to wait for a message; 0 = for ever", min=0)
        bye: str = option("", help="Said to all when somebody is gone for good")
        live_onboarding: bool = option(False, help="Onboarding is a conversation of one person, too")

    options: Options

    @property
    def live_onboarding(self) -> bool:
        """Whether onboarding is a conversation too."""
        return self.options.live_onboarding

    @hookimpl
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterator[dict[str, int]]:
        """{"n": start}, {"n": start + 1}, …"""
        count = run.options.num_assignments
        return ({"n": n} for n in (range(start, count) if count else itertools.count(start)))

    @hookimpl
    def blueprint_build(self, build_dir: Path) -> None:
        """The page of the blueprint `mock`."""
        (build_dir / "index.html").write_text(PAGE, "utf-8")
        (build_dir / "mock.js").write_text(SCRIPT, "utf-8")

    @hookimpl(nonblocking=True)
    def blueprint_frontend(self) -> dict[str, Any]:
        """A title."""
        return {"title": "Mock task"}

    @hookimpl(nonblocking=True)
    def blueprint_simulate(self, agent: Agent) -> dict[str, Any]:
        """A text that names the worker."""
        return {"data": {"text": f"{agent.worker.name} was here"}, "files": {}}

    @hookimpl
    async def blueprint_live(self, run: Run, assignment: LiveAssignment) -> None:
        """Relay, in one of four ways."""
        options: MockLiveBlueprint.Options = run.options
        if options.play == "thread":
            await in_thread(assignment, lambda game: _block(game, options))
            return
        seats = itertools.cycle(assignment.seats)
        count = 0
        while not options.messages or count < options.messages:
            try:
                message = await _next(assignment, options, next(seats))
            except Left as left:
                if options.bye:
                    await assignment.send(None, {"text": options.bye, "left": left.seat, "why": left.reason})
                raise
            count += 1
            if not await _do(assignment, message, count):
                return


async def _next(assignment: LiveAssignment, options: MockLiveBlueprint.Options, seat: int) -> Message:
    timeout = options.timeout or None
    if options.play == "turns":
        await assignment.turn(seat)
        return await assignment.receive(timeout, seat)
    while options.play == "busy":
        try:
            return await assignment.receive(0)
        except TimeoutError:
            await asyncio.sleep(0.005)
    return await assignment.receive(timeout)


async def _do(assignment: LiveAssignment, message: Message, count: int) -> bool:
    """Do what a message says; False if that is the end."""
    data = message.data if isinstance(message.data, dict) else {}
    what, to = data.get("do"), data.get("to")
    if what == "end":
        return False
    if what == "raise":
        raise ValueError(data.get("text", "told to raise"))
    if what == "left":
        raise Left(data["seat"], "timed_out")
    if what in ("hang", "stuck"):
        await _hang(stuck=what == "stuck")
    elif what == "turn":
        await assignment.turn(data["seat"])
    elif what == "form":
        await assignment.form(to, data["form"])
    elif what == "context":
        await assignment.context(to, data["context"])
    elif what == "save":
        await assignment.save(data["data"])
    elif what == "flood":
        for n in range(data["times"]):
            await assignment.send(None, {"n": n, "text": "x" * data["size"]})
    elif what == "draw":
        await assignment.send(None, {"drawn": assignment.random.random(), "count": count})
    else:
        await assignment.send(to, message.data, sender=message.sender, id=message.id)
    return True


async def _hang(*, stuck: bool) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not stuck:
                raise
            stuck = asyncio.current_task() is not None  # waits on, whoever asks


def _block(game: Blocking, options: MockLiveBlueprint.Options) -> None:
    count = 0
    while not options.messages or count < options.messages:
        try:
            message = game.receive(options.timeout or None)
        except Left as left:
            if options.bye:
                game.send(None, {"text": options.bye, "left": left.seat, "why": left.reason})
            raise
        count += 1
        data = message.data if isinstance(message.data, dict) else {}
        what = data.get("do")
        if what == "end":
            return
        if what == "raise":
            raise ValueError(data.get("text", "told to raise"))
        if what == "stuck":
            time.sleep(data.get("seconds", 3600))
        elif what == "draw":
            game.send(None, {"drawn": game.random.random(), "count": count})
        else:
            game.send(None, message.data, sender=message.sender, id=message.id)
