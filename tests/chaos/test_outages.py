"""One server, and what happens around it: it goes through all of it, loses nothing, and does nothing twice.

For each seed: a task whose data comes slowly, workers who talk to it over HTTP and log what was acknowledged, an office
that pays. Meanwhile, in an order that the seed draws: the wall clock jumps by hours, forward and back; the disk is full
while units are launched; the database is away (PostgreSQL restarts; SQLite's file is locked by another program) and
silent (PostgreSQL's processes stand still); the lead is lost (its session is ended; its lock file is deleted).

Every second seed has its data in PostgreSQL. By itself it runs 2 seeds, `make chaos` 50.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.chaos.crew import Crew, Log
from tests.chaos.office import PROVIDER, Office
from tests.chaos.rounds import Round, all_of, groups
from tests.chaos.server import Machine, Server
from tests.chaos.test_kill_minus_nine import compare
from tests.postgres import PostgresServer

WORKERS, ITEMS, SEATS = 6, 60, 2
UNITS = ITEMS * SEATS
EACH = 14
"""Acknowledgements between two incidents."""

TASK = f"""
task: {{name: chaos, reward: 0.25, lifetime: 2h, patience: 1h}}
provider: {{type: ./payroll.py:Payroll}}
blueprint: {{type: mock, units_per_assignment: {SEATS}, launch_ahead: 20}}
architect: {{type: local, port: 0}}
hooks: hooks.py
"""
HOOKS = f"""
import time

from crowdcore import hookimpl


@hookimpl
def blueprint_task_data(run, start=0):
    for n in range(start, {ITEMS}):
        time.sleep(0.02)
        yield {{"n": n}}
"""
ENDLESS = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("group", groups(2, 2), ids=lambda group: f"seeds_{group[0]}_to_{group[-1]}")
def test_what_happens_around_a_server_loses_nothing_and_does_nothing_twice(
    group: list[int], tmp_path: Path, postgres_server: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    async def everything() -> list[Outages]:
        stories = []
        for seed in group:
            url = postgres_server.new_database() if seed % 2 else None
            stories.append(Outages(Machine(tmp_path / f"seed-{seed}", url), seed=seed, url=url, server=postgres_server))
        await all_of(stories, Outages.happen)
        return stories

    told = asyncio.run(everything())
    with capsys.disabled():
        for story in told:
            print(f"\n{story}", end="")
    assert {story.seed: story.faults for story in told if story.faults} == {}


@dataclass
class Outages(Round):
    """What happens around one run with one seed."""

    seed: int = field(kw_only=True)
    url: str | None = field(kw_only=True)
    server: PostgresServer = field(kw_only=True)
    happened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = Random(f"outages {self.seed}")
        self._due: tuple[int, asyncio.Event] | None = None
        self.machine.set_clock(0)

    def __str__(self) -> str:
        paid = len(self.office.done("pay"))
        return f"seed {self.seed}: {self.log.count} acknowledged, {paid} paid; {', '.join(self.happened)}"

    async def happen(self) -> None:
        """Launch, work through everything, and compare."""
        self.log = Log(self.machine.folder / "acknowledged.jsonl")
        self.office = Office(self.machine.folder / "office.jsonl", self.seed)
        self.office.kind = True
        self.write({"task.yaml": TASK, "hooks.py": HOOKS, "payroll.py": PROVIDER.format(url=await self.office.open())})
        try:
            async with self.machine.crowd("run", "task.yaml", "--no-open") as server:
                await self._live(server)
                if (code := await server.process.wait()) != 0:
                    self.faults.append(f"crowd run exits {code}: {self.machine.complaints()}")
            await self._compare()
        finally:
            await self.office.close()
            self.log.close()

    async def _live(self, server: Server) -> None:
        url = await server.url()
        assert url is not None, self.machine.complaints()
        await self.place.is_at(url)
        crew = Crew(self.place, self.log, self.seed, WORKERS, self._acknowledged)
        working = asyncio.create_task(crew.work())
        reading = asyncio.create_task(server.said())
        try:
            incidents: list[Callable[[Server], Awaitable[None]]] = [
                self.clock_jumps, self.disk_is_full, self.database_is_away, self.database_is_silent, self.lead_is_lost,
                self.clock_jumps,
            ]  # fmt: skip
            self.rng.shuffle(incidents)
            for number, incident in enumerate(incidents):
                await self._acknowledgements(EACH * (number + 1), working)
                self.happened.append(incident.__name__.replace("_", " "))
                await incident(server)
            await working
            await reading
        finally:
            for task in (working, reading):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self.faults += crew.faults

    async def clock_jumps(self, _server: Server) -> None:
        """By hours, as a clock that is set, or a machine that slept."""
        self.machine.set_clock(self.rng.uniform(-12, 12) * 3600)

    async def disk_is_full(self, server: Server) -> None:
        """No file of the server may grow, while it still launches units."""
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        await asyncio.sleep(self.rng.uniform(0.3, 1.5))
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, ENDLESS)

    async def database_is_away(self, server: Server) -> None:
        """PostgreSQL crashes and starts again; another program has SQLite's file for itself."""
        if self.url is None:
            await self.database_is_silent(server)
        else:
            await asyncio.to_thread(self.server.crash)

    async def database_is_silent(self, _server: Server) -> None:
        """Nobody answers, and no connection ends."""
        seconds = self.rng.uniform(0.5, 5)
        if self.url is not None:
            with self.server.silent(self.rng.choice([None, self._name])):
                await asyncio.sleep(seconds)
            return
        with closing(sqlite3.connect(self.machine.data / "crowd.db", isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)
            other.execute("ROLLBACK")

    async def lead_is_lost(self, _server: Server) -> None:
        """Its session ends, or its file is deleted, while the process lives."""
        if self.url is None:
            (self.machine.data / "runs" / "chaos-1" / "lock").unlink()
        else:
            self.server.end_leads(self._name)

    @property
    def _name(self) -> str:
        assert self.url is not None
        return self.url.rpartition("/")[2]

    def _acknowledged(self, count: int) -> None:
        if self._due is not None and count >= self._due[0]:
            self._due[1].set()

    async def _acknowledgements(self, count: int, working: asyncio.Task[None]) -> None:
        """Wait until there are so many, or nobody works any more."""
        self._due = (count, asyncio.Event())
        self._acknowledged(self.log.count)
        waiting = asyncio.create_task(self._due[1].wait())
        await asyncio.wait({waiting, working}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def _compare(self) -> None:
        log = (self.machine.folder / "acknowledged.jsonl").read_text()
        acknowledged: list[dict[str, Any]] = [json.loads(line) for line in log.splitlines()]
        exported = [json.loads(line) for line in (await self.machine.run("export", "chaos")).splitlines()]
        self.faults += self.look(ended=True) + compare(acknowledged, exported, self.machine.data)
        if len(exported) != UNITS:
            self.faults.append(f"{len(exported)} of {UNITS} units are in the export")
        paid = self.office.done("pay")
        self.faults += [f"{key} was paid {times} times" for key, times in paid.items() if times > 1]
        states = dict(self.rows("SELECT state, COUNT(*) FROM outbox WHERE kind = 'reward' GROUP BY state"))
        if states != {"confirmed": UNITS} or len(paid) != UNITS:
            self.faults.append(f"{len(paid)} of {UNITS} were paid; rewards are {states}")
        said = await self.machine.run("db", "check")
        if not said.startswith("no faults"):
            self.faults.append(said)
        if "Traceback" in self.machine.complaints():
            self.faults.append(self.machine.complaints())
