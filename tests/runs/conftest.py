"""Runs in the test's own process, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle, launch, resume
from crowdcore.testing import ManualClock
from crowdcore.testing.server import until

Launch = Callable[..., RunHandle]
Resume = Callable[..., RunHandle]


@pytest.fixture
def clock() -> ManualClock:
    """The time of everything in the test."""
    return ManualClock()


@pytest.fixture
def handles() -> Iterator[list[RunHandle]]:
    """The runs of the test; they are stopped at its end."""
    opened: list[RunHandle] = []
    yield opened
    for handle in opened:
        handle.stop()


@pytest.fixture
def launched(tmp_path: Path, clock: ManualClock, handles: list[RunHandle]) -> Launch:
    """`launched(assignments=3, patience="1h")`: a run of the task `demo` (or `name`) with its units launched."""

    def start(name: str = "demo", assignments: int = 3, **options: Any) -> RunHandle:
        config = {
            "task": {"name": name, "reward": 1, **options},
            "blueprint": {"type": "mock", "num_assignments": assignments},
            "architect": {"type": "local", "port": 0},
        }
        handles.append(launch(config, data_dir=tmp_path / "data", clock=clock))
        handles[-1].launched()
        return handles[-1]

    return start


@pytest.fixture
def resumed(tmp_path: Path, clock: ManualClock, handles: list[RunHandle]) -> Resume:
    """`resumed(name)`: the run served again."""

    def start(name: str) -> RunHandle:
        handles.append(resume(name, data_dir=tmp_path / "data", clock=clock))
        handles[-1].launched()
        return handles[-1]

    return start


def let_end(handle: RunHandle, clock: ManualClock) -> str:
    """Let time pass until the run ends; why it ended."""

    def ended() -> str | None:
        clock.advance(1.0)
        return handle.wait(0.02)

    reason = until(ended)
    assert isinstance(reason, str)
    return reason
