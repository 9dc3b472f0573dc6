"""A machine for the command line, and runs in the test's own process, each with the hooks that a test gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle
from crowdcore.testing import Machine, serve

TASK = """
task: {{name: demo}}
blueprint: {{type: mock, num_assignments: {units}}}
provider: {{type: mock}}
architect: {{port: 0}}
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., None]:
    """Writes a task.yaml of so many units, and its hooks.py."""

    def write(hooks: str, units: int = 3) -> None:
        (tmp_path / "task.yaml").write_text(TASK.format(units=units))
        (tmp_path / "hooks.py").write_text(f"from crowdcore import *\n\n{hooks}")

    return write


Served = Callable[..., RunHandle]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serves a run of so many units with these hooks, until the end of the test."""
    with ExitStack() as stack:

        def start(*hooks: Any, units: int = 3, clock: Any = None, **sections: Any) -> RunHandle:
            config = {
                "task": {"name": "demo"}, "blueprint": {"type": "mock", "num_assignments": units},
                "provider": {"type": "mock"}, **sections,
            }  # fmt: skip
            return stack.enter_context(serve(config, data_dir=tmp_path / "data", hooks=list(hooks), clock=clock))

        yield start
