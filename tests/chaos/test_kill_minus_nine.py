"""kill -9 at any instant loses nothing that was acknowledged, does nothing twice, and the rest completes.

For each seed: `crowd run` of a task with files in it, its data from a slow generator, 20 workers who talk
to it over HTTP and log every acknowledged submission with an fsync; the server is killed while it
launches, while they work, and while it resumes. Meanwhile somebody reviews by command, and is killed now
and then, and an office pays, sometimes without saying so. Then the export, the tables, the files, the
listener's notes, the office's book and the logs of crew and reviewer must tell the same story.

Every fourth seed has its data in PostgreSQL. By itself it runs 4 seeds, `make chaos` 50;
`CROWD_CHAOS_SEEDS=9` runs seeds 0 to 8, `CROWD_CHAOS_SEEDS=17-17` only that one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from tests.chaos import checks
from tests.chaos.crew import Crew, Log
from tests.chaos.reviewer import Reviewer, reviewing
from tests.chaos.rounds import Round, all_of, groups, machine_for
from tests.chaos.server import Server
from tests.postgres import PostgresServer

WORKERS, ITEMS, SEATS = 20, 130, 2
UNITS = ITEMS * SEATS
LEAST = 200
"""Acknowledgements per seed, at least."""
AT_ONCE = 4
REWARD = 0.25
ENDINGS = ("by itself", "crowd stop", "crowd stop, unserved")

TASK = f"""
task: {{name: chaos, reward: {REWARD}}}
provider: {{type: ./payroll.py:Payroll}}
blueprint: {{type: mock, units_per_assignment: {SEATS}}}
architect: {{type: local, port: 0}}
hooks: hooks.py
"""

HOOKS = f"""
import os
import time

from crowdcore import hookimpl


@hookimpl
def blueprint_task_data(run, start=0):
    for n in range(start, {ITEMS}):
        if n % 10 == 9:
            time.sleep(0.06)
        yield {{"n": n}}


@hookimpl
def on_unit_submitted(run, event):
    seen = os.open(run.task_dir / "seen.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(seen, f"{{event.event}} {{event.unit.id}}\\n".encode())
    os.close(seen)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("group", groups(4, AT_ONCE), ids=lambda group: f"seeds_{group[0]}_to_{group[-1]}")
def test_what_was_acknowledged_outlives_kill_minus_nine(
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
    reviewed: str = ""

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.ending = ENDINGS[self.seed % len(ENDINGS)]
        self._due: tuple[int, asyncio.Event] | None = None
        (self.machine.task / "task.yaml").write_text(TASK)
        (self.machine.task / "hooks.py").write_text(HOOKS)

    def __str__(self) -> str:
        killed = "; ".join(self.kills)
        return f"seed {self.seed}: {self.log.count} acknowledged; killed {killed}; ended {self.ending}; {self.reviewed}"

    async def happen(self) -> None:
        """Launch, kill, resume, work, and compare."""
        self.log = Log(self.machine.folder / "acknowledged.jsonl")
        async with reviewing(self.machine, self.seed) as reviewer:
            async with reviewer.at_work():
                await self._work()
            await reviewer.finish()
            self.reviewed = str(reviewer)
            self.faults += await self._compare(reviewer)

    async def _work(self) -> None:
        try:
            if self.rng.random() < 0.3:
                await self._kill_while("launching", "run", self.rng.uniform(0.2, 0.9), served=False)
            else:
                await self._kill_while("launching", "run", self.rng.uniform(0, 0.5), served=True)
            while not self.exists():  # it died before it had stored anything
                await self._kill_while("launching", "run", self.rng.uniform(0, 0.5), served=True)
            crew = Crew(self.place, self.log, self.seed, WORKERS, self._acknowledged)
            working = asyncio.create_task(crew.work())
            try:
                await self._live()
                if self.ending != "crowd stop, unserved":  # else there is nobody left to ask for work
                    await working
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working
            self.faults += crew.faults
        finally:
            self.log.close()

    async def _live(self) -> None:
        """Killed in the middle of work, killed while it resumes, killed again at work; then to the end."""
        await self._kill_at_work(self.rng.randrange(20, 80))
        await self._kill_while("resuming", "resume", self.rng.uniform(0.1, 0.9), served=False)
        await self._kill_at_work(self.rng.randrange(90, 160))
        async with self.machine.crowd("resume", "--no-open") as server:
            await self._serve(server)
            await self._acknowledgements(LEAST)
            if self.ending == "crowd stop":
                await self.machine.run("stop", "chaos-1")
            elif self.ending == "crowd stop, unserved":
                await asyncio.sleep(self.rng.uniform(0, 0.2))
                await self.kill(server, "at work")
                await self.machine.run("stop", "chaos-1")
                return
            await self._counters_agree()
            said = await server.said()
            if (code := await server.process.wait()) != 0:
                self.faults.append(f"crowd resume exits {code}: {said}")

    async def _kill_while(self, doing: str, verb: str, after: float, *, served: bool) -> None:
        """Start, and kill `after` so many seconds: since its first page answered, or since it was started."""
        words = ["run", "task.yaml"] if verb == "run" else ["resume"]
        async with self.machine.crowd(*words, "--no-open") as server:
            if served:
                await server.url()
            await asyncio.sleep(after)
            await self.kill(server, doing)

    async def _kill_at_work(self, acknowledgements: int) -> None:
        async with self.machine.crowd("resume", "--no-open") as server:
            await self._serve(server)
            await self._acknowledgements(acknowledgements)
            await asyncio.sleep(self.rng.uniform(0, 0.02))
            await self.kill(server, "at work")

    async def _serve(self, server: Server) -> None:
        url = await server.url()
        if url is None:
            raise AssertionError(f"seed {self.seed}: not served: {self.machine.complaints()}")
        await self.place.is_at(url)

    def state(self) -> str:
        """The run's status and how many units there are."""
        found = self.rows("SELECT r.status, (SELECT COUNT(*) FROM unit), r.exhausted FROM run r")
        if not found:
            return " (no run yet)"
        status, count, exhausted = found[0]
        return f" ({status}, {count} units{'' if exhausted else ' so far'}, {self.log.count} acknowledged)"

    def _acknowledged(self, count: int) -> None:
        if self._due is not None and count >= self._due[0]:
            self._due[1].set()

    async def _acknowledgements(self, count: int) -> None:
        """Wait until there are so many, all servers together."""
        self._due = (count, asyncio.Event())
        self._acknowledged(self.log.count)
        await asyncio.wait_for(self._due[1].wait(), 60)

    async def _counters_agree(self) -> None:
        """In the quiet before the run ends, /metrics says what the tables say."""
        rows: dict[str, int] = {}
        shown: dict[str, int] = {}
        async with aiohttp.ClientSession() as http:
            for _ in range(100):
                await asyncio.sleep(0.1)
                rows = dict(self.rows("SELECT status, COUNT(*) FROM unit GROUP BY status"))
                async with http.get(f"{await self.place.find()}metrics") as reply:
                    lines = [line for line in (await reply.text()).splitlines() if line.startswith("crowd_units{")]
                shown = {line.split('status="')[1].split('"')[0]: int(float(line.split()[-1])) for line in lines}
                shown = {status: count for status, count in shown.items() if count}
                if "assigned" not in rows and shown == rows:
                    return
        self.faults.append(f"/metrics says {shown}, the tables {rows}")

    async def _compare(self, reviewer: Reviewer) -> list[str]:
        log = (self.machine.folder / "acknowledged.jsonl").read_text()
        acknowledged = [json.loads(line) for line in log.splitlines()]
        text = await self.machine.run("export", "chaos", "--format", "jsonl")
        exported = [json.loads(line) for line in text.splitlines()]
        found = self.look(ended=True) + compare(acknowledged, exported, self.machine.data) + self._noted()
        found += reviewer.compare(exported, REWARD)
        if len(acknowledged) < LEAST:
            found.append(f"only {len(acknowledged)} acknowledgements")
        if self.ending == "by itself" and len(exported) != UNITS:
            found.append(f"{len(exported)} of {UNITS} units are in the export")
        if "Traceback" in self.machine.complaints():
            found.append(self.machine.complaints())
        return found

    def _noted(self) -> list[str]:
        """The listener was told of every submission, in the order of the commits; again only after a kill."""
        lines = (self.machine.task / "seen.txt").read_text().splitlines()
        noted = [(int(event), int(unit)) for event, unit in (line.split() for line in lines)]
        stored = self.ask(checks.submitted)
        found = []
        if list(dict.fromkeys(noted)) != stored:
            found.append(f"the listener was told {len(set(noted))} of {len(stored)} submissions, or not in order")
        if noted != sorted(noted) or len(noted) - len(set(noted)) > len(self.kills):
            found.append(f"the listener was told again more than once a kill: {noted}")
        return found


def compare(acknowledged: list[dict[str, Any]], exported: list[dict[str, Any]], data: Path) -> list[str]:
    """Each acknowledged submission exactly once in the export, with the same data and the same bytes."""
    found = []
    for name, entries in (("agent", acknowledged), ("agent", exported), ("unit", exported)):
        found += [f"{name} {a} is there {n} times" for a, n in Counter(e[name] for e in entries).items() if n > 1]
    rows = {row["agent"]: row for row in exported}
    for entry in acknowledged:
        row = rows.get(entry["agent"])
        if row is None:
            found.append(f"lost: {entry}")
            continue
        hashes = {file["field"]: file["sha256"] for file in row["files"]}
        stored = {"worker": row["worker"], "n": row["item"]["n"], "text": row["data"]["text"], "files": hashes}
        if stored != {key: entry[key] for key in stored}:
            found.append(f"acknowledged {entry}, exported {stored}")
        for file in row["files"]:
            if hashlib.sha256((data / file["path"]).read_bytes()).hexdigest() != file["sha256"]:
                found.append(f"{file['path']} is damaged")
    return found
