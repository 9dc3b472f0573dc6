"""Live runs served in the test's process, on both databases, with a clock that tests move; what is left in the
database must be sound after every test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle, resume
from crowdcore import launch as launch_run
from crowdcore.runs.supervise import HEARTBEAT
from crowdcore.store import Database, open_database
from crowdcore.store.queries import events
from crowdcore.testing import LivePerson, ManualClock, until
from crowdcore.testing.patience import PATIENCE
from tests.chaos.checks import faults
from tests.live.polled import PolledPerson

REWARD = "0.50"


class Stage:
    """One run, which may be stopped and resumed; the database as it is."""

    def __init__(self, folder: Path, url: str, clock: ManualClock) -> None:
        self.clock = clock
        self.run: RunHandle
        self._folder = folder
        self._url = url
        self._hooks: Sequence[object] = ()
        self.database: Database = open_database(url, folder)
        self._people: list[LivePerson] = []

    def launch(self, hooks: Sequence[object] = (), **sections: dict[str, Any]) -> RunHandle:
        """Launch a task of the blueprint mock_live: `launch(pairing={…}, task={…}, blueprint={…}, gates={…})`."""
        self._hooks = hooks
        config = {
            "provider": {"type": "inhouse"}, "architect": {"type": "local", "port": 0}, **sections,
            "task": {"name": "t", "reward": REWARD, **sections.get("task", {})},
            "blueprint": {"type": "mock_live", **sections.get("blueprint", {})},
        }  # fmt: skip
        self.run = launch_run(config, data_dir=self._folder, db=self._url, hooks=hooks, clock=self.clock)
        self.run.launched()
        return self.run

    def restart(self, away: float = 0.0) -> RunHandle:
        """Stop and resume it; nobody serves it for `away` seconds."""
        self.run.stop()
        self.clock.advance(away)
        name = self.run.name
        self.run = resume(name, data_dir=self._folder, db=self._url, hooks=self._hooks, clock=self.clock)
        self.run.launched()
        return self.run

    def crowd(self, *words: str) -> str:
        """What `crowd WORDS…` prints; AssertionError if it fails."""
        environment = {**os.environ, "CROWD_DATA_DIR": str(self._folder), "CROWD_DATABASE_URL": self._url}
        code = "from crowdcore.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def person(self, name: str, **params: Any) -> LivePerson:
        """Somebody who comes and connects, once they were told where they are."""
        person = LivePerson(self.run.url, name, **params)
        self._people.append(person)
        if person.document.get("live") and params.get("connected", True):
            until(lambda: person.frames)
        return person

    def again(self, person: LivePerson) -> LivePerson:
        """The same person at the address where the run is served by now; no frames."""
        return self.person(person.name)

    def pair(self) -> tuple[LivePerson, LivePerson]:
        """Two people in a conversation."""
        one, two = self.person("one"), self.person("two")
        for person in (one, two):
            person.wait("status", status="in_task")
        return one, two

    def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """What the database answers."""
        return self.database.read(lambda c: [dict(row) for row in c.all(sql, **params)])

    def agent(self, person: LivePerson | PolledPerson) -> dict[str, Any]:
        """A person's row, with the status and reason of its unit and visit."""
        found = self.rows(
            "SELECT g.*, u.status AS unit, u.reason AS unit_reason, v.status AS visit, c.status AS conversation,"
            " c.reason AS conversation_reason FROM agent g JOIN visit v ON v.id = g.visit_id"
            " LEFT JOIN unit u ON u.id = g.unit_id LEFT JOIN conversation c ON c.id = g.conversation_id"
            " WHERE g.id = :id",
            id=person.agent,
        )
        return found[0]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The data of every event of this kind, oldest first."""
        found = self.database.read(lambda c: events.after(c, 1, 0, 100_000))
        return [event.data for event in found if event.kind == kind]

    def owed(self) -> dict[str, list[str]]:
        """What each worker is owed, by name: amounts with two digits, in the order in which they were earned."""
        owed: dict[str, list[str]] = {}
        for row in self.rows(
            "SELECT w.name, o.amount_micros FROM outbox o JOIN worker w ON w.id = o.worker_id"
            " WHERE o.kind = 'reward' ORDER BY o.id"
        ):
            owed.setdefault(row["name"], []).append(f"{row['amount_micros'] / 1_000_000:.2f}")
        return owed

    def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, second by second, so that everything happens in its order."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step

    def settle(self) -> None:
        """Wait until the run has done what is due by now."""
        done = threading.Event()

        async def look(supervisor: Any) -> None:
            supervisor.context.live._timers.after(0.0, done.set)  # after all that is due before

        self.run._host.ask(look)
        assert done.wait(PATIENCE)

    def watched(self) -> None:
        """Wait until the run has looked whether it is over, twice: it beats once for each look after so long."""
        for _ in range(2):
            self.clock.advance(HEARTBEAT + 1)
            due = self.run._host.ask(_service_time)
            until(lambda: self.rows("SELECT service_time AS t FROM run")[0]["t"] >= due)  # noqa: B023

    def close(self) -> None:
        """Everybody goes, the run is stopped, and the database is sound."""
        for person in self._people:
            person.close()
        if hasattr(self, "run"):
            self.run.stop()
        try:
            assert faults(self.database) == []
        finally:
            self.database.close()


async def _service_time(supervisor: Any) -> float:
    """How long the run has been served by now."""
    return float(supervisor.context.service.now())


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, clock: ManualClock) -> Iterator[Stage]:
    """Where the people of a test meet."""
    made = Stage(tmp_path / "data", database_url, clock)
    yield made
    made.close()
