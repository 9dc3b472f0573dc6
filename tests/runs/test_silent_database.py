"""A database that does not answer: everybody is told in time, nothing is lost or stored twice, a stop is obeyed."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from crowdcore.testing import Browserless, Machine, serve, until
from tests import web
from tests.postgres import PostgresServer

CONFIG = {
    "task": {"name": "t"}, "blueprint": {"type": "mock", "num_assignments": 5}, "provider": {"type": "mock"},
}  # fmt: skip
TASK = "task: {name: demo}\nblueprint: {type: mock, num_assignments: 5}\narchitect: {type: local, port: 0}\n"


def health(url: str) -> tuple[int, Any]:
    reply = web.get(f"{url}healthz")
    return reply.status_code, reply.json()


def test_while_the_database_is_silent_workers_are_told_to_come_again_and_health_says_why(
    quick_postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crowdcore.runs.databases.ANSWER", 2.0)
    with serve(CONFIG, data_dir=tmp_path / "data", db=quick_postgres.new_database()) as run:
        page, newcomer = Browserless(run.url, worker_id="x").enter(), Browserless(run.url, worker_id="y")
        with quick_postgres.silent():
            for reply in (page.submit({"text": "x"}), newcomer.enter().reply):
                assert (reply.status_code, reply.json()["code"]) == (503, "busy")
                assert int(reply.headers["retry-after"]) >= 1
            until(lambda: "database" in health(run.url)[1].get("waiting", []))
            assert health(run.url)[0] == 503
        until(lambda: page.submit({"text": "x"}).is_success)
        until(lambda: health(run.url) == (200, {"status": "ok"}))
        assert newcomer.enter().submit({"text": "y"}).is_success
        until(lambda: run.counters.submissions == 2)


def test_a_stop_is_obeyed_while_the_database_is_silent(quick_postgres: PostgresServer, tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(TASK)
    machine = Machine(tmp_path)
    machine.environment["CROWD_DATABASE_URL"] = quick_postgres.new_database()
    with machine.serve("run", "task.yaml", "--no-open") as served:
        assert Browserless(served.url, worker_id="x").enter().submit({"text": "x"}).is_success
        with quick_postgres.silent():
            served.expect("database waits: .* has not answered for", stream="stderr")
            told = json.loads((tmp_path / "data" / "runs" / "demo-1" / "troubles").read_text())
            assert "database" in told
            served.process.send_signal(signal.SIGTERM)
            assert served.wait() == 130
        assert "leaves without noting that it stopped" in served.stderr
        assert "Traceback" not in served.stderr
        assert "go on with: crowd resume demo-1" in served.stdout
    with machine.serve("resume", "--no-open") as served:
        assert Browserless(served.url, worker_id="y").enter().submit({"text": "y"}).is_success
    assert len(machine.exported("demo")) == 2


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program has the write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_stop_is_obeyed_while_another_program_holds_the_database(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(TASK)
    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml", "--no-open") as served:
        page = Browserless(served.url, worker_id="x").enter()
        with held(tmp_path / "data" / "crowd.db"):
            until(lambda: "database" in health(served.url)[1].get("waiting", []))
            assert page.submit({"text": "x"}).status_code == 503
            served.process.send_signal(signal.SIGTERM)
            assert served.wait() == 130
        assert "Traceback" not in served.stderr
    with machine.serve("resume", "--no-open") as served:
        assert Browserless(served.url, worker_id="x").enter().submit({"text": "x"}).is_success
    assert len(machine.exported("demo")) == 1
