"""A place to write plugins in: a task beside which hooks.py lies, and distributions on a path of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from crowdcore.base.limiter import Limiters
from crowdcore.config import RunConfig, load_config
from crowdcore.plugins import RunPlugins
from crowdcore.plugins.hooks import Hooks
from crowdcore.state import AgentState
from crowdcore.store import Database, open_database
from crowdcore.store.queries import runs
from crowdcore.testing.patience import PATIENCE
from crowdcore.types import Agent, Assignment, Unit, Visit, Worker

ARCHITECT = """
class Here:
    pass
"""


@dataclass
class Task:
    """A folder with a task; `hooks` writes its hooks.py."""

    folder: Path
    config: dict[str, Any] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the task, without the indentation of the test."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def load(self, **sections: Any) -> RunConfig:
        """The configuration with these sections changed."""
        return load_config({**self.config, **sections}, task_dir=self.folder)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """A task with the mock blueprint and provider, and an architect that does nothing."""
    folder = tmp_path / "task"
    folder.mkdir()
    found = Task(folder)
    found.write("here.py", ARCHITECT)
    found.config = {
        "blueprint": {"type": "mock"}, "provider": {"type": "mock"}, "architect": {"type": "./here.py:Here"},
    }  # fmt: skip
    return found


@dataclass
class Services:
    """What a run lends to its plugins, without a server."""

    db: Database
    run_id: int
    name: str
    config: RunConfig
    returned: list[str] = field(default_factory=list)

    def serve(self, app: Any, *, host: str, port: int, ssl_certfile: Path | None, ssl_keyfile: Path | None) -> int:
        """The port asked for."""
        return port

    def secret(self, purpose: str) -> bytes:
        """A key that depends on the purpose."""
        return purpose.encode()

    def visit_returned(self, external_id: str) -> None:
        """Note the visit."""
        self.returned.append(external_id)


class Runs:
    """Makes runs in one database, as a launch would."""

    def __init__(self, folder: Path) -> None:
        self.db = open_database(None, folder)

    def services(self, config: RunConfig) -> Services:
        """A new run's services."""
        row = self.db.write(
            lambda conn: runs.create(
                conn, task="t", config=config.stored(), config_hash=config.hash, plugins={}, provider="mock",
                currency="USD", requester=None, now=1.0,
            )
        )  # fmt: skip
        return Services(self.db, row.id, row.name, config)

    def hooks(self, config: RunConfig, limiters: Limiters | None = None, **given: Any) -> Hooks:
        """The hooks of a new run."""
        plugins = RunPlugins(config, **given)
        return Hooks(plugins, partial(plugins.facade, self.services(config)), limiters)


@pytest.fixture
def runs_of(tmp_path: Path) -> Iterator[Runs]:
    """Runs in a database of their own."""
    made = Runs(tmp_path / "data")
    yield made
    made.db.close()


WORKER = Worker(1, "x", "mock")
ASSIGNMENT = Assignment(1, 0, "real", {"n": 0})
UNIT = Unit(1, ASSIGNMENT, 0, pay=Decimal(0))


@pytest.fixture
def worker() -> Worker:
    """A person."""
    return WORKER


@pytest.fixture
def unit() -> Unit:
    """A free unit."""
    return UNIT


@pytest.fixture
def agent() -> Agent:
    """A piece of work of that person on that unit."""
    return Agent(7, "unit", "in_task", WORKER, Visit(1, "v"), UNIT, AgentState(init={"n": 0}, data={"text": "a"}))


class Distributions:
    """A folder on the path in which distributions are written as an installer would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self, name: str, points: Mapping[str, Mapping[str, str]], *, version: str = "1.0", code: str = "",
        module: str | None = None, requires: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """One distribution: entry points {group: {name: value}} and the text of its module."""
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in found.items()) for group, found in points.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        (self.folder / f"{module or name.replace('-', '_')}.py").write_text(textwrap.dedent(code))

    def python(self, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python code in a process that has these distributions."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "CROWD_DATA_DIR": str(self.folder / "data")}
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip

    def crowd(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command in such a process."""
        return self.python("from crowdcore.cli import main; main()", *arguments)


@pytest.fixture
def installed(tmp_path: Path) -> Distributions:
    """Distributions besides those of the environment."""
    folder = tmp_path / "site"
    folder.mkdir()
    return Distributions(folder)


@pytest.fixture
def refused() -> Callable[..., list[str]]:
    """The lines of the error that a call raises."""

    def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> list[str]:
        from crowdcore.errors import CrowdError

        with pytest.raises(CrowdError) as caught:
            function(*arguments, **named)
        return caught.value.problems

    return call
