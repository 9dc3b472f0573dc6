"""What a run does in the background goes on after a disk that was full and a database that was away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crowdcore import hookimpl
from crowdcore.testing import Browserless, Machine, serve, until
from crowdcore.testing.patience import PATIENCE
from tests import web
from tests.postgres import PostgresServer
from tests.runs.test_disk_full import Disk, disk

__all__ = ["disk"]

HOOKS = """
import pathlib, time
from crowdcore import hookimpl

@hookimpl
def blueprint_task_data():
    yield {"n": 0}
    while not pathlib.Path(GO).exists():
        time.sleep(0.01)
    yield {"n": 1}
"""
TASK = """
task: {name: demo}
hooks: hooks.py
blueprint: {type: mock, num_assignments: 5}
architect: {type: local, port: 0}
"""


def health(url: str) -> tuple[int, Any]:
    reply = web.get(f"{url}healthz")
    return reply.status_code, reply.json()


def test_launching_goes_on_after_a_full_disk_and_says_so_meanwhile(disk: Disk, tmp_path: Path) -> None:
    go = tmp_path / "go"
    (disk.folder / "task.yaml").write_text(TASK)
    (disk.folder / "hooks.py").write_text(f"GO = {str(go)!r}\n{HOOKS}")
    machine = Machine(disk.folder)
    with machine.serve("run", "task.yaml", "--no-open") as served:
        first, second = (Browserless(served.url, worker_id=name) for name in ("x", "y"))
        first.enter()
        disk.fill(served.process.pid)
        go.touch()
        until(lambda: "launching" in health(served.url)[1].get("waiting", []))
        assert health(served.url)[0] == 503
        served.expect("launching waits: .*(disk full|read or written)", stream="stderr")
        told = json.loads(machine.crowd("status", "--json").stdout)["troubles"]
        assert "launching" in told
        assert "  TROUBLE    launching waits: " in machine.crowd("status").stdout
        disk.free(served.process.pid)
        served.expect("launching goes on", stream="stderr")
        until(lambda: health(served.url) == (200, {"status": "ok"}))
        assert served.stderr.count("launching waits") == 1
        assert json.loads(machine.crowd("status", "--json").stdout)["troubles"] == {}
        assert second.enter().submit({"text": "y"}).is_success


class Slow:
    """Task data that waits for a word, and a listener."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.heard: list[str] = []

    @hookimpl
    def blueprint_task_data(self) -> Iterator[dict[str, int]]:
        yield {"n": 0}
        self.go.wait(PATIENCE)
        yield {"n": 1}

    @hookimpl
    def on_unit_submitted(self, event: Any) -> None:
        self.heard.append(event.worker.name)


CONFIG = {
    "task": {"name": "t", "reward": 1}, "blueprint": {"type": "mock", "num_assignments": 5},
    "provider": {"type": "mock"},
}  # fmt: skip


def test_a_run_goes_on_after_its_database_was_away(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url, slow = postgres_server.new_database(), Slow()
    name = url.rpartition("/")[2].partition("?")[0]

    def away(is_away: bool) -> None:
        with postgres_server.connect() as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {not is_away}'.encode())
        if is_away:
            postgres_server.drop_connections()

    try:
        with serve(CONFIG, data_dir=tmp_path / "data", db=url, hooks=[slow]) as run:
            page = Browserless(run.url, worker_id="x").enter()
            away(True)
            slow.go.set()
            until(lambda: {"supervising", "listeners"} <= set(health(run.url)[1].get("waiting", [])))
            away(False)
            until(lambda: health(run.url) == (200, {"status": "ok"}))
            assert page.submit({"text": "x"}).is_success
            assert Browserless(run.url, worker_id="y").enter().submit({"text": "y"}).is_success
            until(lambda: slow.heard == ["x", "y"])
    finally:
        slow.go.set()
