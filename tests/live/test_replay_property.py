"""Whatever a blueprint does, in whatever order, and wherever it is cut off: it goes on as if nothing had been."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crowdcore import LiveAssignment, Message, hookimpl
from crowdcore.testing import LivePerson, ManualClock, until
from tests.live.conftest import Stage

HEARS = ("receive", "poll", "timeout", "cancelled")
SAYS = ("send", "turn", "form", "context", "save")
programs = st.tuples(
    st.lists(st.sampled_from([*HEARS, *SAYS]), min_size=1, max_size=25),
    st.lists(st.integers(0, 24), min_size=1, max_size=2).map(sorted),  # where the first lives are cut off
)


class Programs:
    """Runs the program of each assignment; in its first lives it hangs where it is to be cut off."""

    def __init__(self, programs: list[Any], clock: ManualClock) -> None:
        self.programs = programs
        self.clock = clock
        self.logs: list[list[list[Any]]] = [[] for _ in programs]
        self.still: set[int] = set()

    @hookimpl
    async def blueprint_live(self, assignment: LiveAssignment) -> None:
        n = assignment.assignment.item["n"]
        steps, cuts = self.programs[n]
        log: list[Any] = []
        self.logs[n].append(log)
        cut = cuts[len(self.logs[n]) - 1] if len(self.logs[n]) <= len(cuts) else None
        for place, step in enumerate(steps):
            if place == cut:
                self.still.add(n)
                await asyncio.Event().wait()
            log.append([step, *await self.do(assignment, step, log)])
        self.still.add(n)

    async def do(self, assignment: LiveAssignment, step: str, log: list[Any]) -> list[Any]:
        state = [len(log), repr(log)[-200:], assignment.random.random()]
        if step in HEARS:
            try:
                message = await self.hear(assignment, step)
            except TimeoutError:
                return [None]
            return [message.id, message.data, message.seat, message.sender]
        match step:
            case "send":
                await assignment.send(None, state)
            case "turn":
                await assignment.turn(0 if len(log) % 2 else None)
            case "form" | "context":
                await getattr(assignment, step)(0, {"state": state})
            case "save":
                await assignment.save(state)
        return state

    async def hear(self, assignment: LiveAssignment, step: str) -> Message:
        match step:
            case "receive":
                return await assignment.receive()
            case "poll":
                return await assignment.receive(timeout=0, seat=0)
            case "cancelled":
                return await asyncio.wait_for(assignment.receive(), 0.002)
        passing = asyncio.create_task(self.pass_time())
        try:
            return await assignment.receive(timeout=1.0)
        finally:
            passing.cancel()

    async def pass_time(self) -> None:
        """A second goes by in a moment, and once more if that was before the receive began to wait."""
        await asyncio.sleep(0.002)
        while True:
            self.clock.advance(1.0)
            await asyncio.sleep(0.2)


def talk(person: LivePerson, count: int, random: Random, stop: threading.Event) -> None:
    """Say so many things, at times of its own; again what was not acknowledged."""
    for n in range(count):
        stop.wait(random.uniform(0, 0.01))
        person.say(n, id=f"m{n}")


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(programs, min_size=3, max_size=6), st.integers())
def test_every_interleaving_goes_on_from_every_cut(programs: list[Any], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock()
        stage = Stage(Path(folder), f"sqlite:///{folder}/crowd.db", clock)
        hooks = Programs(programs, clock)
        try:
            play(stage, hooks, seed)
        finally:
            stage.close()


def play(stage: Stage, hooks: Programs, seed: int) -> None:
    count, stop = len(hooks.programs), threading.Event()
    stage.launch(hooks=[hooks], blueprint={"units_per_assignment": 1, "num_assignments": count})
    people = [stage.person(f"w{n}") for n in range(count)]
    talking = []
    for n, person in enumerate(people):
        person.wait("status", status="in_task")
        heard = sum(step in HEARS for step in hooks.programs[n][0])
        talking.append(threading.Thread(target=talk, args=(person, heard, Random(seed + n), stop)))
        talking[-1].start()
    for thread in talking:
        thread.join()
    for _ in range(3):
        until(lambda: len(hooks.still) == count)
        hooks.still.clear()
        stage.restart() if _ < 2 else None
        going = stage.rows("SELECT id FROM conversation WHERE status = 'live'")
        hooks.still |= set(range(count)) - {row["id"] - 1 for row in going}
    ended = stage.rows("SELECT assignment_id, reason FROM conversation ORDER BY id")
    assert [row["reason"] for row in ended] == ["done"] * count
    for row, person in zip(ended, people, strict=True):
        check(stage, hooks, row["assignment_id"] - 1, person)


def check(stage: Stage, hooks: Programs, n: int, person: LivePerson) -> None:
    """What went out is what the last life did, once each; every life did the same as far as anybody could see."""
    steps, logs = hooks.programs[n][0], hooks.logs[n]
    assert [step for step, *_ in logs[-1]] == steps
    for log in logs[:-1]:
        seen = max((place for place, (step, *_) in enumerate(log) if step in SAYS), default=-1)
        assert logs[-1][: seen + 1] == log[: seen + 1]
    rows = stage.rows("SELECT seq, frame FROM inbox WHERE agent_id = :a ORDER BY seq", a=person.agent)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) == sum(step in SAYS and step != "save" for step in steps)
    ids = [entry[1] for entry in logs[-1] if entry[0] in HEARS and entry[1] is not None]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, key=lambda one: int(one[1:]))
