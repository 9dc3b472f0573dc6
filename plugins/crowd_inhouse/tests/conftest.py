"""Runs of the in-house provider, and commands, with data and secrets of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle
from crowdcore.testing import Machine, serve

Start = Callable[..., RunHandle]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """For commands beside the served runs: the same data, the same secret key."""
    monkeypatch.setenv("CROWD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    return Machine(tmp_path)


@pytest.fixture
def start(machine: Machine) -> Iterator[Start]:
    """Serves a run; `provider`, `architect` and `task` are sections of task.yaml."""
    with ExitStack() as stack:

        def served(units: int = 3, **sections: dict[str, Any]) -> RunHandle:
            config = {
                "task": {"name": "labels", "reward": "0.30", **sections.get("task", {})},
                "blueprint": {"type": "mock", "num_assignments": units},
                "provider": {"type": "inhouse", **sections.get("provider", {})},
                "architect": {"type": "local", "port": 0, **sections.get("architect", {})},
            }
            return stack.enter_context(serve(config, data_dir=machine.data_dir))

        yield served
