"""kill -9 in the middle of 50 conversations: all go on with the counters, random choices and messages that they had.

`CROWD_CHAOS_SEEDS` as for the other rounds; without it, one round of each kind of task.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp
import pytest

from crowdcore.store import open_database
from tests.chaos import checks, counting
from tests.chaos.counting import CONVERSATIONS, TASKS, TURNS
from tests.chaos.crew import Place
from tests.chaos.server import Machine, Server
from tests.chaos.talkers import Party, Stay, enter

KILLS = 2


def _seeds() -> list[int]:
    wanted = os.environ.get("CROWD_CHAOS_SEEDS", "1")
    first, dash, last = wanted.partition("-")
    return list(range(int(first), int(last) + 1)) if dash else list(range(min(int(wanted), 5)))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", _seeds())
@pytest.mark.parametrize("task", TASKS)
def test_conversations_go_on_with_the_same_counters_and_choices(task: str, seed: int, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for name, text in TASKS[task].items():
        (machine.task / name).write_text(text)
    story = Story(machine, Random(f"{task}/{seed}"))
    asyncio.run(story.happen())
    assert story.faults == []


@dataclass
class Story:
    """What happens to the people of one run; `faults` says what was wrong, one line each."""

    machine: Machine
    rng: Random
    faults: list[str] = field(default_factory=list)
    stays: dict[str, Stay] = field(default_factory=dict)
    place: Place = field(default_factory=Place)

    async def happen(self) -> None:
        """Talk; kill and resume, twice; talk on to the end; compare."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(30)) as http:
            party = Party(self.place, http, self._acknowledged)
            people = asyncio.gather(*(self._person(party, f"p{n}") for n in range(2 * CONVERSATIONS)))
            try:
                for kill in range(KILLS):
                    await self._kill_after(int(CONVERSATIONS * TURNS * (kill + self.rng.uniform(0.2, 0.8)) / KILLS))
                async with self._served("resume") as server:
                    await people
                    await self.machine.run("stop", "chaos-1")
                    await asyncio.wait_for(server.said(), 60)
            finally:
                people.cancel()
                await asyncio.gather(people, return_exceptions=True)
        self.faults += [*party.faults, *self._look(ended=True), *self._compare()]
        if "Traceback" in self.machine.complaints():
            self.faults.append(self.machine.complaints())

    async def _kill_after(self, acknowledgements: int) -> None:
        self._due = (acknowledgements, asyncio.Event())
        async with self._served("resume" if (self.machine.data / "crowd.db").exists() else "run") as server:
            await asyncio.wait_for(self._due[1].wait(), 60)
            await asyncio.sleep(self.rng.uniform(0, 0.02))
            await server.kill()
        await self.place.is_at(None)
        self.faults += [f"after a kill: {fault}" for fault in self._look()]

    def _acknowledged(self, count: int) -> None:
        if count >= self._due[0]:
            self._due[1].set()

    @asynccontextmanager
    async def _served(self, verb: str) -> AsyncIterator[Server]:
        words = ["run", "task.yaml"] if verb == "run" else ["resume"]
        async with self.machine.crowd(*words, "--no-open") as server:
            url = await server.url()
            assert url is not None, self.machine.complaints()
            await self.place.is_at(url)
            yield server

    async def _person(self, party: Party, name: str) -> None:
        """Come, say something whenever the last thing has been passed on, and submit when it is over."""
        rng = Random(self.rng.random())
        status, document = await enter(party, name)
        assert status == 201, document
        stay = self.stays[name] = Stay(party, name, document)
        stay.come()
        while await stay.until(lambda: stay.phase != "waiting") and stay.phase == "work":
            await asyncio.sleep(rng.uniform(0, 0.3))
            id = await stay.say({"text": f"{name} {rng.random()}"})
            passed_on = lambda: stay.phase != "work" or any(frame["id"] == id for frame in stay.messages)  # noqa: B023, E731
            if not await stay.until(passed_on):
                self.faults.append(f"{name}: {id} was not passed on")
                break
        await stay.until(lambda: stay.quiet)
        if (status := await stay.submit({"text": name})) != 200:
            self.faults.append(f"{name} submits in phase {stay.phase}: {status}")
        await stay.go()

    def _look(self, *, ended: bool = False) -> list[str]:
        database = open_database(None, self.machine.data, create=False)
        try:
            return checks.faults(database, ended=ended)
        finally:
            database.close()

    def _compare(self) -> list[str]:
        """What each person was told, beside what the others were told and what is stored."""
        told = {name: counting.told(stay.messages) for name, stay in self.stays.items()}
        found = [f"{name}: {line}" for name, said in told.items() for line in counting.broken(said)]
        alike: dict[str, list[str]] = {}
        for name, said in told.items():
            alike.setdefault(str(said), []).append(name)
        found += [f"{names} were told the same" for names in alike.values() if len(names) != 2]
        database = open_database(None, self.machine.data, create=False)
        try:
            found += checks.unkept(database, {s.agent: s.acknowledged for s in self.stays.values()})
        finally:
            database.close()
        return found
