"""One leader: a lead that was lost is taken again or given up, and what an old leader still writes is refused."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

import crowdcore
from crowdcore import hookimpl
from crowdcore.base.paths import run_folder
from crowdcore.config.snapshot import reopen
from crowdcore.errors import LeadLost, RunError, StoreBusy
from crowdcore.pay.executor import Executor
from crowdcore.plugins.hooks import Hooks
from crowdcore.runs.lock import RunLock
from crowdcore.store import Conn, Database, open_database
from crowdcore.store.queries import events, outbox, runs
from crowdcore.testing import Browserless, Machine, until
from crowdcore.testing.patience import PATIENCE
from crowdcore.work.stored import stored_context
from tests.postgres import RUN_LOCKS, PostgresServer

CONFIG = {
    "task": {"name": "demo", "reward": "0.10"}, "blueprint": {"type": "mock", "num_assignments": 5},
    "architect": {"type": "local", "port": 0}, "provider": {"type": "mock"},
}  # fmt: skip
TASK = """
task: {name: demo}
blueprint: {type: mock, num_assignments: 5}
architect: {type: local, port: 0}
"""


def holders(server: PostgresServer, url: str) -> list[int]:
    """The sessions that hold the lock of a run in this database."""
    sql = (
        "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE l.locktype = 'advisory' AND l.classid = %s AND d.datname = %s AND l.granted"
    )
    with server.connect() as admin:
        return [int(str(row[0])) for row in admin.execute(sql, [RUN_LOCKS, url.rpartition("/")[2]]).fetchall()]


def end(server: PostgresServer, sessions: list[int]) -> None:
    with server.connect() as admin:
        for session in sessions:
            admin.execute("SELECT pg_terminate_backend(%s)", [session])


@contextmanager
def stored_run(url: str, data: Path) -> Iterator[Database]:
    """A run that nobody serves, with somebody's pay in its outbox."""
    handle = crowdcore.launch(CONFIG, data_dir=data, db=url)
    handle.launched()
    assert Browserless(handle.url, worker_id="x").enter().submit({"text": "x"}).is_success
    handle.stop()
    database = open_database(url, data)
    yield database
    database.close()


Usurp = Callable[[RunLock], RunLock]


@pytest.fixture
def usurp(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Usurp]:
    """Takes the lead from a process that does not notice: its session is ended, or its lock file deleted."""
    taken: list[RunLock] = []
    other = open_database(database_url, tmp_path / "data")

    def take(_before: RunLock) -> RunLock:
        folder = run_folder(tmp_path / "data", "demo-1")
        if database_url.startswith("postgresql"):
            server: PostgresServer = request.getfixturevalue("quick_postgres")
            end(server, holders(server, database_url))
            until(lambda: not holders(server, database_url))
            folder = run_folder(tmp_path / "elsewhere", "demo-1")
        else:
            (folder / "lock").unlink()
        taken.append(RunLock(folder, "demo-1", 1, other).acquire())
        return taken[-1]

    yield take
    for lock in taken:
        lock.release()
    other.close()


def append(conn: Conn) -> int:
    return events.append(conn, 1, 1.0, "k", "service", [])


def test_what_an_old_leader_still_writes_is_refused_and_its_neighbours_are_stored(
    database_url: str, tmp_path: Path, usurp: Usurp
) -> None:
    with stored_run(database_url, tmp_path / "data") as database:
        old = RunLock(run_folder(tmp_path / "data", "demo-1"), "demo-1", 1, database).acquire()
        assert old.database.write(append) > 0
        new = usurp(old)
        gate = old.database.submit(lambda _: None), database.submit(append), old.database.submit(append)
        for refused in (gate[0], gate[2]):
            with pytest.raises(StoreBusy, match=r"led by another process|deleted or replaced"):
                refused.result(PATIENCE)
        assert gate[1].result(PATIENCE) > 0, "commands and workers of others write on"
        assert new.database.write(append) > 0
        with pytest.raises(LeadLost, match="run demo-1 is led by another process now"):
            old.look()
        old.release()


class Office:
    """Pays, and counts."""

    def __init__(self) -> None:
        self.paid = 0

    @hookimpl
    def provider_pay(self) -> str:
        self.paid += 1
        return "receipt"


def test_an_old_leader_claims_no_payment_and_settles_none(database_url: str, tmp_path: Path, usurp: Usurp) -> None:
    with stored_run(database_url, tmp_path / "data") as database:
        office = Office()
        old = RunLock(run_folder(tmp_path / "data", "demo-1"), "demo-1", 1, database).acquire()

        async def send() -> None:
            row = database.read(lambda c: runs.find(c, "demo-1"))
            context = await stored_context(old.database, row)
            _, plugins, _ = reopen(row, run_folder(database.folder, row.name), hooks=[office], secrets=False)
            context.hooks = Hooks(plugins, context.facade_for)
            context.delivers = frozenset({"reward"})
            await Executor(context).send()

        new = usurp(old)
        with pytest.raises(StoreBusy):
            asyncio.run(send())
        assert office.paid == 0
        states = [row.state for row in database.read(lambda c: outbox.of_task(c, "demo", ("intended", "sent")))]
        assert states == ["intended"]
        new.release()
        old.release()


def test_a_lock_file_that_was_deleted_is_made_and_taken_again(database_url: str, tmp_path: Path) -> None:
    with stored_run(database_url, tmp_path / "data") as database:
        folder = run_folder(tmp_path / "data", "demo-1")
        lock = RunLock(folder, "demo-1", 1, database).acquire()
        (folder / "lock").unlink()
        with pytest.raises(StoreBusy):
            lock.database.write(append)
        lock.look()
        assert lock.database.write(append) > 0
        with pytest.raises(RunError, match="served by process"):
            RunLock(folder, "demo-1", 1, database).acquire()
        lock.release()


def test_a_lock_whose_session_was_ended_is_taken_again(quick_postgres: PostgresServer, tmp_path: Path) -> None:
    url = quick_postgres.new_database()
    handle = crowdcore.launch(CONFIG, data_dir=tmp_path / "here", db=url)
    try:
        handle.launched()
        page = Browserless(handle.url, worker_id="x").enter()
        before = holders(quick_postgres, url)
        end(quick_postgres, before)
        until(lambda: bool(holders(quick_postgres, url)) and holders(quick_postgres, url) != before)
        with pytest.raises(RunError, match="served by another machine already"):
            crowdcore.resume("demo-1", data_dir=tmp_path / "elsewhere", db=url)
        until(lambda: page.submit({"text": "x"}).is_success)
        assert handle.wait(0) is None
    finally:
        handle.stop()


def test_a_process_that_slept_while_another_took_the_lead_stops_loudly(
    quick_postgres: PostgresServer, tmp_path: Path
) -> None:
    url = quick_postgres.new_database()
    here, there = Machine(tmp_path / "here"), Machine(tmp_path / "there")
    for machine in (here, there):
        machine.folder.mkdir()
        (machine.folder / "task.yaml").write_text(TASK)
        machine.environment["CROWD_DATABASE_URL"] = url
    there.environment["CROWD_CONFIG_DIR"] = here.environment["CROWD_CONFIG_DIR"]
    with here.serve("run", "task.yaml", "--no-open") as old:
        page = Browserless(old.url, worker_id="x").enter()
        os.kill(old.process.pid, signal.SIGSTOP)
        end(quick_postgres, holders(quick_postgres, url))
        with there.serve("resume", "--reload", "--no-open") as new:
            os.kill(old.process.pid, signal.SIGCONT)
            with suppress(httpx.TransportError):  # it may have stopped already
                assert page.submit({"text": "old"}).status_code == 503
            assert old.wait() == 2
            assert "run demo-1 is led by another process now" in old.stderr
            with pytest.raises(httpx.TransportError):
                page.submit({"text": "old"})
            assert Browserless(new.url, worker_id="y").enter().submit({"text": "new"}).is_success
            assert new.process.poll() is None
    assert [row["data"] for row in there.exported("demo")] == [{"text": "new"}]
