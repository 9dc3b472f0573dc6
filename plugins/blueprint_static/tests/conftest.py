"""Static tasks in a folder of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from crowdcore import ConfigError, RunHandle
from crowdcore.testing import serve


class Folder:
    """A task's folder: write its files, then launch it."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._stack = stack
        self._launches = 0

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of the task."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def launch(self, hooks: Sequence[object] = (), task: dict[str, Any] | None = None, **blueprint: Any) -> RunHandle:
        """A served run of the blueprint with these options; stopped at the test's end."""
        return self._stack.enter_context(self.serving(hooks, task, **blueprint))

    def serving(
        self, hooks: Sequence[object] = (), task: dict[str, Any] | None = None, **blueprint: Any
    ) -> AbstractContextManager[RunHandle]:
        """The same for a `with`, which ends with what ended the run."""
        self._launches += 1
        config = {
            "task": {"name": "t", **(task or {})}, "blueprint": {"type": "static", **blueprint},
            "provider": {"type": "mock"}, "architect": {"type": "local", "port": 0},
        }  # fmt: skip
        if "gates" in blueprint:
            config["gates"] = config["blueprint"].pop("gates")
        if (self.path / "hooks.py").exists():
            config["hooks"] = "hooks.py"
        path = self.write("task.yaml", json.dumps(config))
        data = self.path / f"data-{self._launches}"
        return serve(path, data_dir=data, hooks=hooks)

    def launch_file(self, name: str) -> RunHandle:
        """A served run of a task.yaml of the test's own."""
        self._launches += 1
        return self._stack.enter_context(serve(self.path / name, data_dir=self.path / f"data-{self._launches}"))

    def faults(self, **options: Any) -> list[str]:
        """What a launch says that is refused, without the folder's path."""
        return self.refused(lambda: self.launch(**options))

    def refused(self, launch: Callable[[], object]) -> list[str]:
        """The same for any launch."""
        with pytest.raises(ConfigError) as refusal:
            launch()
        return [line.replace(f"{self.path}/", "") for line in refusal.value.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """The task's folder."""
    with ExitStack() as stack:
        yield Folder(tmp_path, stack)
