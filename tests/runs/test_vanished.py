"""The data directory or the database is deleted or replaced under a server: nobody is told that work has arrived."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crowdcore.testing import Browserless, Machine, serve, until
from tests import web

CONFIG = {
    "task": {"name": "t"}, "blueprint": {"type": "mock", "num_assignments": 5}, "provider": {"type": "mock"},
}  # fmt: skip
TASK = "task: {name: demo}\nblueprint: {type: mock, num_assignments: 5}\narchitect: {type: local, port: 0}\n"


def health(url: str) -> tuple[int, Any]:
    reply = web.get(f"{url}healthz")
    return reply.status_code, reply.json()


def directory_moved(data: Path) -> None:
    data.rename(data.with_name("aside"))


def directory_replaced(data: Path) -> None:
    directory_moved(data)
    shutil.copytree(data.with_name("aside"), data)


def database_deleted(data: Path) -> None:
    (data / "crowd.db").unlink()


def database_replaced(data: Path) -> None:
    shutil.copy(data / "crowd.db", data / "copy")
    (data / "copy").rename(data / "crowd.db")


def log_deleted(data: Path) -> None:
    (data / "crowd.db-wal").unlink()


@pytest.mark.parametrize(
    "happen", [directory_moved, directory_replaced, database_deleted, database_replaced, log_deleted]
)
def test_what_arrives_after_its_place_is_gone_is_not_acknowledged(
    happen: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "task.yaml").write_text(TASK)
    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml", "--no-open") as served:
        before, after = (Browserless(served.url, worker_id=name).enter() for name in ("x", "y"))
        assert before.submit({"text": "x"}).is_success
        happen(tmp_path / "data")
        reply = after.submit({"text": "y"})
        assert (reply.status_code, reply.json()["code"]) == (503, "busy")
        if happen is not log_deleted:
            assert before.submit({"text": "x"}).status_code == 503, "nor is what was stored in what is gone"
            until(lambda: "database" in health(served.url)[1].get("waiting", []))
        until(lambda: health(served.url)[0] == 503)
        served.expect("was deleted or replaced while it is in use", stream="stderr")
        served.interrupt()
        served.interrupt()
        assert served.wait() != 0
        assert "Traceback" not in served.stderr


def test_what_is_put_back_is_gone_on_with(tmp_path: Path) -> None:
    with serve(CONFIG, data_dir=tmp_path / "data") as run:
        page = Browserless(run.url, worker_id="x").enter()
        directory_moved(tmp_path / "data")
        assert page.submit({"text": "x"}).status_code == 503
        until(lambda: health(run.url)[0] == 503)
        (tmp_path / "aside").rename(tmp_path / "data")
        until(lambda: page.submit({"text": "x"}).is_success)
        until(lambda: health(run.url) == (200, {"status": "ok"}))
        until(lambda: run.counters.submissions == 1)


def test_a_data_directory_that_is_gone_is_noticed_also_where_the_database_is_on_a_server(
    postgres_url: str, tmp_path: Path
) -> None:
    with serve(CONFIG, data_dir=tmp_path / "data", db=postgres_url) as run:
        page = Browserless(run.url, worker_id="x").enter()
        directory_moved(tmp_path / "data")
        assert page.submit({"text": "x"}, [("photo", ("a.txt", b"x"))]).status_code == 503
        until(lambda: health(run.url)[0] == 503)
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        (tmp_path / "aside").rename(tmp_path / "data")
        until(lambda: page.submit({"text": "x"}).is_success)
