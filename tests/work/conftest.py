"""Runs served in the test's process, on both databases, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle
from crowdcore.testing import ManualClock, serve

Launch = Callable[..., RunHandle]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def launch(tmp_path: Path, database_url: str, clock: ManualClock) -> Iterator[Launch]:
    """Launches mock tasks: `launch(task={…}, blueprint={…}, gates={…}, hooks=[…])`."""
    with ExitStack() as stack:

        def start(hooks: Sequence[object] = (), **sections: dict[str, Any]) -> RunHandle:
            config = {
                "provider": {"type": "inhouse"}, **sections,
                "task": {"name": "t", "reward": "0.50", **sections.get("task", {})},
                "blueprint": {"type": "mock", **sections.get("blueprint", {})},
            }  # fmt: skip
            serving = serve(config, data_dir=tmp_path / "data", db=database_url, hooks=hooks, clock=clock)
            return stack.enter_context(serving)

        yield start
