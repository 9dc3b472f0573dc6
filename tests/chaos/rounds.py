"""What rounds of live work share: a run that is served, killed, resumed and looked at."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from crowdcore.store import Database
from tests.chaos import checks
from tests.chaos.crew import Place
from tests.chaos.server import Machine, Server
from tests.postgres import PostgresServer

T = TypeVar("T")
PATIENCE = 600.0
"""Seconds for rounds that go on at the same time."""


def seeds(default: int, most: int = 10_000) -> list[int]:
    """Those of `CROWD_CHAOS_SEEDS` (a number, or FIRST-LAST), `most` of them; else so many."""
    wanted = os.environ.get("CROWD_CHAOS_SEEDS", str(default))
    first, dash, last = wanted.partition("-")
    return (list(range(int(first), int(last) + 1)) if dash else list(range(int(wanted))))[:most]


def groups(default: int, at_once: int) -> list[list[int]]:
    """All seeds, so many at once."""
    found = seeds(default)
    return [found[n : n + at_once] for n in range(0, len(found), at_once)]


def machine_for(seed: int, folder: Path, postgres: PostgresServer) -> Machine:
    """A machine of its own for this seed; that of every fourth has its database in PostgreSQL."""
    return Machine(folder / f"seed-{seed}", postgres.new_database() if seed % 4 == 3 else None)


async def all_of(stories: Sequence[Round], happen: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    """All at the same time; what does not come to its end is told with what it waits for."""
    done, late = await asyncio.wait([asyncio.create_task(happen(story)) for story in stories], timeout=PATIENCE)
    if late:
        for task in asyncio.all_tasks():
            task.print_stack()
        raise AssertionError(f"after {PATIENCE:.0f} s: {[str(s) for s in stories]}")
    for task in done:
        task.result()


@dataclass
class Round:
    """One run on a machine of its own; `faults` says what was wrong, one line each."""

    machine: Machine
    faults: list[str] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)
    place: Place = field(default_factory=Place)

    def write(self, files: dict[str, str]) -> None:
        """The task's files."""
        for name, text in files.items():
            (self.machine.task / name).write_text(text)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Server]:
        """The run, launched or resumed, as soon as it answers."""
        async with self.starting() as server:
            url = await server.url()
            assert url is not None, self.machine.complaints()
            await self.place.is_at(url)
            yield server

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[Server]:
        """The same, as soon as the process is there."""
        words = ["resume"] if self.exists() else ["run", "task.yaml"]
        async with self.machine.crowd(*words, "--no-open") as server:
            yield server

    async def kill(self, server: Server, doing: str) -> None:
        """kill -9, then look at what it left."""
        await server.kill()
        await self.place.is_at(None)
        self.kills.append(doing + self.state())
        if self.exists():
            self.faults += [f"after kill {len(self.kills)} ({doing}): {fault}" for fault in self.look()]

    def state(self) -> str:
        """How far it had come, for the report."""
        return ""

    def exists(self) -> bool:
        """Whether the run is stored."""
        return bool(self.rows("SELECT id FROM run"))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database answers; nothing before there are tables."""
        with self.machine.stored() as database:
            return [] if database is None else [tuple(row) for row in database.read(lambda c: c.all(sql))]

    def look(self, *, ended: bool = False) -> list[str]:
        """What is wrong in the database."""
        return self.ask(lambda database: checks.faults(database, ended=ended))

    def ask(self, question: Callable[[Database], T]) -> T:
        """The answer of the database as it lies there."""
        with self.machine.stored() as database:
            assert database is not None
            return question(database)
