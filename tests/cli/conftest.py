"""A machine with a task on it, and short words for its worker and its verbs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from crowdcore.testing import Browserless
from crowdcore.testing.process import Machine

Task = Callable[..., Machine]


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """`task(assignments=3, budget=2)` writes task.yaml: the task `demo`, 10 units at 1 USD, options as given."""

    def write(assignments: int = 10, hooks: str | None = None, **options: Any) -> Machine:
        document: dict[str, Any] = {
            "task": {"name": "demo", "reward": 1, **options},
            "blueprint": {"type": "mock", "num_assignments": assignments},
            "architect": {"type": "local", "port": 0},
        }
        if hooks is not None:
            (tmp_path / "hooks.py").write_text(hooks)
            document["hooks"] = "hooks.py"
        (tmp_path / "task.yaml").write_text(yaml.safe_dump(document))
        return Machine(tmp_path)

    return write


@pytest.fixture
def worker() -> Callable[[str, str], Browserless]:
    """`worker(url, name)`: somebody who has asked for work there."""

    def enter(url: str, name: str) -> Browserless:
        return Browserless(url, worker_id=name).enter()

    return enter
