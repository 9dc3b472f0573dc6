"""`crowd` as real processes that are killed and started again, for as many seeds at once as there is room for."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from crowdcore.errors import StoreError
from crowdcore.store import Database, open_database

_CROWD = (sys.executable, "-c", "from crowdcore.cli import main; main()")


_CLOCK = """
import time

real = time.time

def ahead():
    with open({file!r}) as file:
        return real() + float(file.read())

time.time = ahead
"""


class Machine:
    """A machine of its own below `folder`: data, configuration, and the task in `folder`/task.

    `database` is the address of its database; without, SQLite among its data.
    """

    def __init__(self, folder: Path, database: str | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.task = folder / "task"
        self.task.mkdir(parents=True)
        self.errors = folder / "errors.txt"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CROWD_")}
        self._environment = {
            **kept, "CROWD_DATA_DIR": str(self.data), "CROWD_CONFIG_DIR": str(folder / "config"),
            "PYTHONUNBUFFERED": "1", **({} if database is None else {"CROWD_DATABASE_URL": database}),
        }  # fmt: skip
        self._database = database

    def set_clock(self, seconds: float) -> None:
        """Its wall clock is so many seconds ahead of the real one from now on; of processes that are started later."""
        clock = self.folder / "clock"
        if not clock.exists():
            clock.mkdir()
            (clock / "sitecustomize.py").write_text(_CLOCK.format(file=str(clock / "ahead")))
            self._environment["PYTHONPATH"] = str(clock)
        (clock / "new").write_text(f"{seconds:.3f}")
        (clock / "new").rename(clock / "ahead")

    @asynccontextmanager
    async def crowd(self, *words: str, under: Sequence[str] = ()) -> AsyncIterator[Server]:
        """`crowd WORDS…` as it runs, `under` another program if given; killed at the end, if it lives."""
        with self.errors.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *under, *_CROWD, *words, cwd=self.task, env=self._environment, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=errors, start_new_session=True,
            )  # fmt: skip
        server = Server(process)
        try:
            yield server
        finally:
            await server.kill()

    async def run(self, *words: str) -> str:
        """What `crowd WORDS…` prints; AssertionError if it fails."""
        async with self.crowd(*words) as server:
            said = await server.said()
            code = await server.process.wait()
        assert code == 0, f"crowd {' '.join(words)} exits {code}: {self.complaints()}"
        return said

    @contextmanager
    def stored(self) -> Iterator[Database | None]:
        """Its database as it lies there; None before there are tables."""
        try:
            database = open_database(self._database, self.data, create=False)
        except StoreError:
            yield None
            return
        try:
            yield database
        finally:
            database.close()

    def complaints(self) -> str:
        """Everything that was written to standard error so far."""
        return self.errors.read_text(errors="replace") if self.errors.exists() else ""


class Server:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def url(self) -> str | None:
        """Where it serves, once it does; None if it ended first."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.startswith(b"serving "):
                return line.split()[1].decode()
        return None

    async def said(self) -> str:
        """The rest of what it says until it ends."""
        assert self.process.stdout is not None
        return (await self.process.stdout.read()).decode()

    async def kill(self) -> None:
        """SIGKILL, to it and to what it has started. Does nothing if it has ended."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.communicate()
