"""kill -9 in the middle of 50 conversations: all go on with the counters, random choices and messages that they had.

`CROWD_CHAOS_SEEDS` as for the other rounds, five at most; without it, one round of each kind of task.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp
import pytest

from tests.chaos import checks, counting
from tests.chaos.counting import CONVERSATIONS, TASKS, TURNS
from tests.chaos.rounds import Round, seeds
from tests.chaos.server import Machine
from tests.chaos.talkers import Party, Stay, enter

KILLS = 2


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", seeds(1, most=5))
@pytest.mark.parametrize("task", TASKS)
def test_conversations_go_on_with_the_same_counters_and_choices(task: str, seed: int, tmp_path: Path) -> None:
    story = Story(Machine(tmp_path), rng=Random(f"{task}/{seed}"))
    story.write(TASKS[task])
    asyncio.run(story.happen())
    assert story.faults == []


@dataclass
class Story(Round):
    """What happens to the people of one run."""

    rng: Random = field(kw_only=True)
    stays: dict[str, Stay] = field(default_factory=dict)

    async def happen(self) -> None:
        """Talk; kill and resume, twice; talk on to the end; compare."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as http:
            party = Party(self.place, http, self._acknowledged)
            people = asyncio.gather(*(self._person(party, f"p{n}") for n in range(2 * CONVERSATIONS)))
            try:
                for kill in range(KILLS):
                    await self._kill_after(int(CONVERSATIONS * TURNS * (kill + self.rng.uniform(0.2, 0.8)) / KILLS))
                async with self.serving() as server:
                    await people
                    await self.machine.run("stop", "chaos-1")
                    await asyncio.wait_for(server.said(), 60)
            finally:
                people.cancel()
                await asyncio.gather(people, return_exceptions=True)
        self.faults += [*party.faults, *self.look(ended=True), *self._compare()]
        if "Traceback" in self.machine.complaints():
            self.faults.append(self.machine.complaints())

    async def _kill_after(self, acknowledgements: int) -> None:
        self._due = (acknowledgements, asyncio.Event())
        async with self.serving() as server:
            await asyncio.wait_for(self._due[1].wait(), 60)
            await asyncio.sleep(self.rng.uniform(0, 0.02))
            await self.kill(server, f"{acknowledgements} acknowledged")

    def _acknowledged(self, count: int) -> None:
        if count >= self._due[0]:
            self._due[1].set()

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
            if not await stay.passed_on(id):
                self.faults.append(f"{name}: {id} was not passed on")
                break
        await stay.until(lambda: stay.quiet)
        if (status := await stay.submit({"text": name})) != 200:
            self.faults.append(f"{name} submits in phase {stay.phase}: {status}")
        await stay.go()

    def _compare(self) -> list[str]:
        """What each person was told, beside what the others were told and what is stored."""
        told = {name: counting.told(stay.messages) for name, stay in self.stays.items()}
        found = [f"{name}: {line}" for name, said in told.items() for line in counting.broken(said)]
        alike: dict[str, list[str]] = {}
        for name, said in told.items():
            alike.setdefault(str(said), []).append(name)
        found += [f"{names} were told the same" for names in alike.values() if len(names) != 2]
        acknowledged = {stay.agent: stay.acknowledged for stay in self.stays.values()}
        return found + self.ask(lambda database: checks.unkept(database, acknowledged))
