"""`crowd db check` finds acknowledged work that is gone, and calls nothing lost that never was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crowdcore.testing import Browserless, Machine

TASK = "task: {name: demo}\nblueprint: {type: mock, num_assignments: 9}\narchitect: {type: local, port: 0}\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "task.yaml").write_text(TASK)
    return Machine(tmp_path)


def work(url: str, *names: str) -> None:
    for name in names:
        assert Browserless(url, worker_id=name).enter().submit({"text": name}).is_success


def checked(machine: Machine) -> tuple[int, str]:
    done = machine.crowd("db", "check")
    return done.returncode, done.stdout


def lose_the_newest(machine: Machine) -> None:
    """Three answers are written back to the file, two more only to the log; then the log is deleted."""
    with machine.serve("run", "task.yaml", "--no-open") as served:
        work(served.url, "a", "b", "c")
        with closing(sqlite3.connect(machine.data_dir / "crowd.db")) as other:
            assert other.execute("PRAGMA wal_checkpoint(FULL)").fetchone()[0] == 0
        work(served.url, "d", "e")
        served.kill()
    for suffix in ("-wal", "-shm"):
        (machine.data_dir / f"crowd.db{suffix}").unlink()


def test_a_log_that_was_deleted_is_found_out_also_after_more_work_began_it_anew(machine: Machine) -> None:
    lose_the_newest(machine)
    assert len(machine.exported("demo")) == 3
    code, said = checked(machine)
    assert (code, "which were acknowledged and are gone" in said) == (1, True), said
    with machine.serve("resume", "--no-open") as served:
        work(served.url, *"fghi")
        served.interrupt()
        served.interrupt()
        served.wait()
        assert "were acknowledged and are gone" in served.stderr
    code, said = checked(machine)
    assert (code, "which were acknowledged and are gone" in said) == (1, True), said
    (machine.data_dir / "crowd.db-acknowledged").unlink()
    assert checked(machine)[0] == 0, "as it says: to go on without them"


def test_after_a_kill_nothing_is_missing(machine: Machine) -> None:
    with machine.serve("run", "task.yaml", "--no-open") as served:
        work(served.url, "a", "b")
        served.kill()
    assert checked(machine)[0] == 0, checked(machine)
    assert machine.crowd("db", "backup", "copy").returncode == 0
    with machine.serve("resume", "--no-open") as served:
        work(served.url, "c")
        served.kill()
    assert machine.crowd("db", "restore", "copy", "--force").returncode == 0
    assert checked(machine)[0] == 0, "a backup that was put back has lost nothing"


def test_a_launch_that_was_refused_leaves_nothing_that_looks_lost(machine: Machine) -> None:
    (machine.folder / "hooks.py").write_text(
        "from crowdcore import hookimpl\n\n\n@hookimpl\ndef provider_check():\n    return ['no money']\n"
    )
    refused = machine.crowd("run", "task.yaml", "hooks=hooks.py", "--no-open")
    assert (refused.returncode, "no money" in refused.stderr) == (2, True), refused.stderr
    assert checked(machine)[0] == 0, checked(machine)
    assert not list((machine.data_dir / "runs").glob("*"))


def test_a_file_of_0_bytes_is_not_taken_for_a_new_database_and_its_log_is_kept(machine: Machine) -> None:
    with machine.serve("run", "task.yaml", "--no-open") as served:
        work(served.url, "a")
        served.kill()
    database, log = machine.data_dir / "crowd.db", (machine.data_dir / "crowd.db-wal").read_bytes()
    database.write_bytes(b"")
    code, said = checked(machine)
    assert (code, "is empty: its tables are gone" in said) == (1, True), said
    for words in (["run", "task.yaml", "--no-open"], ["runs"], ["export", "demo"]):
        done = machine.crowd(*words)
        assert (done.returncode, "crowd db restore BACKUP" in done.stderr) == (2, True), done.stderr
    assert database.stat().st_size == 0
    assert (machine.data_dir / "crowd.db-wal").read_bytes() == log


def test_a_database_file_that_is_gone_is_a_fault(machine: Machine) -> None:
    with machine.serve("run", "task.yaml", "--no-open") as served:
        work(served.url, "a")
        served.kill()
    (machine.data_dir / "crowd.db").unlink()
    code, said = checked(machine)
    assert (code, "crowd.db is gone" in said) == (1, True), said
