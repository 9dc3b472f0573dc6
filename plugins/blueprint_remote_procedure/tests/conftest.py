"""Tasks with procedures, served in the test's process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle
from crowdcore.testing import Browserless, ManualClock, serve

Launch = Callable[..., RunHandle]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., Path]:
    """Writes a task of 50 rows; `task(procedure_timeout=1)` returns its task.yaml."""

    def write(**options: Any) -> Path:
        (tmp_path / "task.html").write_text("<h1>${n}</h1><input name=word>", "utf-8")
        (tmp_path / "rows.json").write_text(json.dumps([{"n": n} for n in range(50)]), "utf-8")
        blueprint = {"type": "remote_procedure", "task_source": "task.html", "data_json": "rows.json", **options}
        path = tmp_path / "task.yaml"
        config: dict[str, Any] = {
            "task": {"name": "t"}, "blueprint": blueprint, "provider": {"type": "mock"},
            "architect": {"type": "local", "port": 0},
        }  # fmt: skip
        if (tmp_path / "hooks.py").exists():
            config["hooks"] = "hooks.py"
        path.write_text(json.dumps(config), "utf-8")
        return path

    return write


@pytest.fixture
def launch(task: Callable[..., Path], tmp_path: Path, clock: ManualClock) -> Iterator[Launch]:
    """Launches the task with procedures: `launch(function, …, procedure_timeout=1)`."""
    with ExitStack() as stack:

        def start(*hooks: object, **options: Any) -> RunHandle:
            given: Sequence[object] = hooks
            return stack.enter_context(serve(task(**options), data_dir=tmp_path / "data", hooks=given, clock=clock))

        yield start


class Caller(Browserless):
    """A worker's page that calls procedures."""

    _requests = 0

    def ask(self, procedure: str, args: Any = None, request_id: str | None = None) -> Any:
        """The result, or the code of the refusal; a fresh request unless told otherwise."""
        if request_id is None:
            self._requests += 1
            request_id = f"r{self._requests}"
        reply = self.call("POST", f"/call/{procedure}", json={"args": args, "request_id": request_id})
        return reply.json()["result"] if reply.is_success else self.code


@pytest.fixture
def worker() -> Callable[[RunHandle, str], Caller]:
    """Makes workers that have begun their work."""

    def begin(run: RunHandle, name: str = "x") -> Caller:
        caller = Caller(run.url, worker_id=name)
        caller.enter()
        return caller

    return begin
