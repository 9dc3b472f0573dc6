"""kill -9 at any instant while people wait for each other, talk, leave, come back and submit: nothing lost or double.

What they submit is reviewed and paid meanwhile, by commands that are killed too. Each seed has its own outcome of a
pairing timeout and of a partner's leaving; the server is killed at work three times, and once while it resumes.
`CROWD_CHAOS_SEEDS` as for the other rounds.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from tests.chaos import checks
from tests.chaos.reviewer import Reviewer, reviewing
from tests.chaos.rounds import Round, all_of, groups, machine_for
from tests.chaos.talkers import Party
from tests.chaos.visitors import Visitor
from tests.postgres import PostgresServer

PEOPLE, VISITS, ITEMS = 11, 3, 16
AT_ONCE = 4
REWARD = 0.25
ON_TIMEOUT = ("release", "launch_reduced", "stand_in", "requeue", "wait")
ON_PARTNER_LEFT = ("end_and_pay", "stand_in", "wait", "requeue")

HOOKS = """
from crowdcore import hookimpl


@hookimpl
async def blueprint_live(assignment):
    for count in range(1, 13):
        message = await assignment.receive()
        data = {"count": count, "text": message.data["text"]}
        await assignment.send(None, data, sender=message.sender, id=message.id)
        if message.data.get("bye"):
            return
"""


def task(seed: int) -> str:
    """A task.yaml of its own for each of the combinations."""
    return f"""
task: {{name: chaos, reward: {REWARD}}}
blueprint: {{type: mock, units_per_assignment: {3 if seed % 7 == 6 else 2}, num_assignments: {ITEMS}}}
provider: {{type: ./payroll.py:Payroll}}
architect: {{type: local, port: 0}}
hooks: hooks.py
pairing:
  timeout: {1 + seed % 3}
  on_timeout: {ON_TIMEOUT[seed % 5]}
  on_partner_left: {ON_PARTNER_LEFT[seed % 4]}
  stand_in: {{type: echo}}
  disconnect_grace: 1
  waiting_pay: 0.05
  max_conversations: {2 if seed % 6 == 5 else 0}
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("group", groups(4, AT_ONCE), ids=lambda group: f"seeds_{group[0]}_to_{group[-1]}")
def test_people_together_outlive_kill_minus_nine(
    group: list[int], tmp_path: Path, postgres_server: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    async def everything() -> list[Story]:
        stories = [Story(machine_for(seed, tmp_path, postgres_server), seed=seed) for seed in group]
        await all_of(stories, Story.happen)
        return stories

    told = asyncio.run(everything())
    with capsys.disabled():
        for story in told:
            print(f"\n{story}", end="")
    assert {story.seed: story.faults for story in told if story.faults} == {}


@dataclass
class Story(Round):
    """What happens to one run with one seed."""

    seed: int = field(kw_only=True)
    visitors: list[Visitor] = field(default_factory=list)
    reviewed: str = ""

    def __str__(self) -> str:
        submitted = sum(len(visitor.submitted) for visitor in self.visitors)
        said = sum(len(m) for visitor in self.visitors for m in visitor.acknowledged().values())
        killed = "; ".join(self.kills)
        return f"live seed {self.seed}: {said} messages, {submitted} submissions; killed {killed}; {self.reviewed}"

    async def happen(self) -> None:
        """Come and go, kill and resume, to the end; compare."""
        async with reviewing(self.machine, self.seed) as reviewer:
            async with reviewer.at_work():
                await self._work()
            await reviewer.finish()
            self.reviewed = str(reviewer)
            self.faults += [*self.look(ended=True), *await self._compare(reviewer)]
        if "Traceback" in self.machine.complaints():
            self.faults.append(self.machine.complaints())

    async def _work(self) -> None:
        rng = Random(self.seed)
        self.write({"task.yaml": task(self.seed), "hooks.py": HOOKS})
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as http:
            party = Party(self.place, http, lambda _count: None)
            names = [f"v{n}" for n in range(PEOPLE)]
            self.visitors = [Visitor(party, name, Random(f"{self.seed}/{name}")) for name in names]
            people = asyncio.gather(*(visitor.come_and_go(VISITS) for visitor in self.visitors))
            try:
                for _ in range(3):
                    async with self.serving() as server:
                        await asyncio.sleep(rng.uniform(0.2, 2.0))
                        await self.kill(server, "at work")
                async with self.starting() as server:
                    await asyncio.sleep(rng.uniform(0.1, 0.9))
                    await self.kill(server, "resuming")
                async with self.serving() as server:
                    gone = asyncio.ensure_future(server.process.wait())
                    await asyncio.wait([people, gone], return_when=asyncio.FIRST_COMPLETED)
                    if not gone.done():  # else it has come to its end by itself, and nobody is answered any more
                        await people
                        await self.machine.run("stop", "chaos-1")
                    await asyncio.wait_for(server.said(), 60)
                    if (code := await gone) != 0:
                        self.faults.append(f"crowd resume exits {code}")
            finally:
                people.cancel()
                await asyncio.gather(people, return_exceptions=True)
        self.faults += party.faults

    async def _compare(self, reviewer: Reviewer) -> list[str]:
        found = [line for visitor in self.visitors for line in visitor.inconsistent()]
        acknowledged: dict[int, Any] = {}
        submitted: dict[int, Any] = {}
        for visitor in self.visitors:
            acknowledged |= visitor.acknowledged()
            submitted |= visitor.submitted
        found += self.ask(lambda database: checks.unkept(database, acknowledged))
        text = await self.machine.run("export", "chaos", "--format", "jsonl")
        rows = [json.loads(line) for line in text.splitlines()]
        exported = {row["agent"]: row["data"] for row in rows}
        found += reviewer.compare(rows, REWARD)
        if len(exported) != len(rows):
            found.append("a submission is exported twice")
        found += [f"agent {a} submitted {d}, exported {exported.get(a)}" for a, d in submitted.items()
                  if exported.get(a) != d]  # fmt: skip
        return found
