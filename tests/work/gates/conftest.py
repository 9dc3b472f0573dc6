"""Gated tasks on both databases, and workers who meet them over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle
from crowdcore.store import open_database
from crowdcore.store.queries import events, qualifications, workers
from crowdcore.store.queries.events import Event
from crowdcore.testing import Browserless, ManualClock, serve

Gates = dict[str, Any]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


class Desk:
    """The operator's place: launches gated mock tasks and looks into the database.

    `desk.launch({"onboarding": {…}}, task={…}, hooks=[…])`
    """

    def __init__(self, folder: Path, url: str, clock: ManualClock, stack: ExitStack) -> None:
        self.folder = folder
        self.clock = clock
        self._url = url
        self._stack = stack
        self.run: RunHandle

    def launch(self, gates: Gates | None = None, hooks: Sequence[object] = (), **sections: dict[str, Any]) -> RunHandle:
        asked = [each["name"] for each in (gates or {}).get("qualifications", [])]
        new = [name for name in (*asked, (gates or {}).get("block_qualification")) if name]
        config = {
            "provider": {"type": "inhouse"}, **sections, "gates": {"new_qualifications": new, **(gates or {})},
            "task": {"name": "t", "reward": "0.50", **sections.get("task", {})},
            "blueprint": {"type": "mock", **sections.get("blueprint", {})},
        }  # fmt: skip
        serving = serve(config, data_dir=self.folder / "data", db=self._url, hooks=hooks, clock=self.clock)
        self.run = self._stack.enter_context(serving)
        return self.run

    def file(self, name: str, content: Any) -> str:
        """A file of the task: JSON unless it is text."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return str(path)

    def worker(self, name: str, **params: str) -> Browserless:
        """A worker's page at the run launched last, just opened."""
        return Browserless(self.run.url, worker_id=name, **params).enter()

    def read(self, fn: Callable[[Any], Any]) -> Any:
        database = open_database(self._url, self.folder / "data")
        try:
            return database.read(fn)
        finally:
            database.close()

    def write(self, fn: Callable[[Any], Any]) -> Any:
        database = open_database(self._url, self.folder / "data")
        try:
            return database.write(fn)
        finally:
            database.close()

    def grant(self, name: str, qualification: str, value: int = 1, provider: str = "inhouse") -> None:
        def txn(conn: Any) -> None:
            worker = workers.ensure(conn, provider, name, simulated=False, now=0)
            qualifications.grant(conn, worker.id, qualification, value, 0)

        self.write(txn)

    def grants(self, name: str, provider: str = "inhouse") -> dict[str, int]:
        def look(conn: Any) -> dict[str, int]:
            found = workers.find(conn, provider, name)
            return {} if found is None else qualifications.of_worker(conn, found[0].id)

        return dict(self.read(look))

    def events(self, kind: str) -> list[Event]:
        return [e for e in self.read(lambda c: events.after(c, self.run.id, 0, 100_000)) if e.kind == kind]

    def refusals(self) -> list[tuple[str, str]]:
        """(gate, code) of every refusal, in order."""
        return [(e.data["gate"], e.data["code"]) for e in self.events("gate_refused")]


@pytest.fixture
def desk(tmp_path: Path, database_url: str, clock: ManualClock) -> Iterator[Desk]:
    """An operator with both databases in turn."""
    with ExitStack() as stack:
        yield Desk(tmp_path, database_url, clock, stack)
