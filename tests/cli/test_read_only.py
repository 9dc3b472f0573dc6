"""A database and data directory that somebody may only read: everything that only reads works."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crowdcore.testing import Browserless, Machine

TASK = """
task: {name: demo, reward: "0.10"}
blueprint: {type: mock, num_assignments: 5}
architect: {type: local, port: 0}
provider: {type: mock}
"""
READING = (
    ("runs",), ("status",), ("export", "demo"), ("worker", "show", "x"), ("review", "list", "demo-1"),
    ("review", "show", "1"), ("outbox", "demo"), ("tips", "demo"), ("owed", "demo"), ("db", "check"),
)  # fmt: skip


def as_reader(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    """`crowd WORDS…` for somebody to whom permission bits mean something, as they do not to root."""
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*powerless, str(machine.python), "-c", "from crowdcore.cli import main; main()", *words],
        cwd=machine.folder, env=machine.environment, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def only_readable(folder: Path) -> Iterator[None]:
    """Nothing below the folder may be written; as it was afterwards."""
    modes = {path: path.stat().st_mode for path in [folder, *folder.rglob("*")]}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "task.yaml").write_text(TASK)
    return Machine(tmp_path)


def reads(machine: Machine, commands: Iterable[tuple[str, ...]] = READING) -> None:
    for words in commands:
        done = as_reader(machine, *words)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (words, done.stdout, done.stderr)
    assert '"text":"x"' in as_reader(machine, "export", "demo").stdout


def test_what_only_reads_works_on_a_database_that_nobody_uses(machine: Machine) -> None:
    with machine.serve("run", "task.yaml", "--no-open") as served:
        assert Browserless(served.url, worker_id="x").enter().submit({"text": "x"}).is_success
        served.interrupt()
        served.interrupt()
        served.wait()
    with only_readable(machine.data_dir):
        reads(machine)
        done = as_reader(machine, "db", "backup", "copy")
        assert done.returncode == 0, done.stderr
        done = as_reader(machine, "resume", "--no-open")
        assert (done.returncode, "permission" in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr


def test_what_only_reads_works_beside_a_server_of_somebody_else(machine: Machine) -> None:
    with machine.serve("run", "task.yaml", "--no-open") as served:
        page = Browserless(served.url, worker_id="x").enter()
        with only_readable(machine.data_dir):
            assert page.submit({"text": "x"}).is_success
            reads(machine)
            assert served.url in as_reader(machine, "status").stdout


@pytest.mark.parametrize("memory", ["kept", "gone"])
def test_what_only_reads_sees_the_log_that_a_killed_server_left(machine: Machine, memory: str) -> None:
    with machine.serve("run", "task.yaml", "--no-open") as served:
        assert Browserless(served.url, worker_id="x").enter().submit({"text": "x"}).is_success
        served.kill()
    if memory == "gone":
        (machine.data_dir / "crowd.db-shm").unlink()
    with only_readable(machine.data_dir):
        reads(machine, [("runs",), ("db", "check")])
