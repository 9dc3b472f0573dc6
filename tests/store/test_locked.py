"""What happens when another process holds the database."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crowdcore.errors import StoreBusy
from crowdcore.store import Conn, Database, open_database
from crowdcore.store.engine import writer
from crowdcore.testing.patience import PATIENCE
from tests.store.processes import python, read_line, say

# Holds the write lock within a transaction until it is told to let go.
HOLD = """
import pathlib, sys
from crowdcore.store import open_database

def hold(conn):
    print("held", flush=True)
    sys.stdin.readline()

open_database(sys.argv[1], pathlib.Path(sys.argv[2])).write(hold)
print("released", flush=True)
"""

# Writes single rows, one a line of input, and says so.
SINGLE_WRITES = """
import pathlib, sys
from crowdcore.store import open_database

database = open_database(sys.argv[1], pathlib.Path(sys.argv[2]))
for line in sys.stdin:
    database.write(lambda conn: conn.execute("INSERT INTO task (name, created_at) VALUES (:n, 1.0)", n=line))
    print("written", flush=True)
"""


# Any program that has the file open, such as sqlite3's own shell.
OPEN_ONLY = """
import sqlite3, sys

db = sqlite3.connect(sys.argv[1].removeprefix("sqlite:///"))
db.execute("SELECT count(*) FROM task").fetchone()
print("open", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def impatient(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """A database whose callers are told after 0.3 s that it is busy."""
    database = open_database(database_url, tmp_path / "data", patience=0.3)
    yield database
    database.close()


def add(name: str) -> Callable[[Conn], int]:
    return lambda conn: conn.execute("INSERT INTO task (name, created_at) VALUES (:name, 1.0)", name=name)


def test_a_writer_waits_until_the_other_process_lets_go(db: Database, database_url: str, tmp_path: Path) -> None:
    with python(HOLD, database_url, tmp_path / "data") as other:
        assert read_line(other) == "held"
        future = db.submit(add("mine"))
        with pytest.raises(TimeoutError):
            future.result(0.1)
        say(other, "let go")
        assert read_line(other) == "released"
        assert future.result(PATIENCE) == 1


def test_a_lock_that_stays_is_reported_and_the_writer_lives_on(
    impatient: Database, database_url: str, tmp_path: Path
) -> None:
    with python(HOLD, database_url, tmp_path / "data") as other:
        assert read_line(other) == "held"
        futures = [impatient.submit(add(str(number))) for number in range(3)]
        for future in futures:
            with pytest.raises(StoreBusy, match="try again"):
                future.result(PATIENCE)
        say(other, "let go")
        assert read_line(other) == "released"
    assert impatient.write(add("after")) == 1
    assert impatient.read(lambda conn: conn.value("SELECT count(*) FROM task")) == 1


def test_readers_read_while_another_process_writes(db: Database, database_url: str, tmp_path: Path) -> None:
    db.write(add("mine"))
    with python(HOLD, database_url, tmp_path / "data") as other:
        assert read_line(other) == "held"
        assert db.read(lambda conn: conn.value("SELECT count(*) FROM task")) == 1


def test_a_lock_dies_with_its_process(db: Database, database_url: str, tmp_path: Path) -> None:
    with python(HOLD, database_url, tmp_path / "data") as other:
        assert read_line(other) == "held"
        future = db.submit(add("mine"))
        other.kill()
        assert future.result(PATIENCE) == 1


def test_a_busy_writer_leaves_room_for_another_process(db: Database, database_url: str, tmp_path: Path) -> None:
    """How long the other one waits is measured by `make bench`."""
    db.write(lambda conn: conn.many("INSERT INTO task (name, created_at) VALUES (:n, 1.0)", _names(4000)))
    done = threading.Event()

    async def write_on(worker: int) -> None:
        while not done.is_set():
            await db.awrite(lambda conn: conn.execute("UPDATE task SET created_at = 2.0 WHERE id % 50 = 1"))

    async def saturate() -> None:
        await asyncio.gather(*(write_on(worker) for worker in range(50)))

    with python(SINGLE_WRITES, database_url, tmp_path / "data") as other:
        say(other, "first")
        read_line(other)
        thread = threading.Thread(target=asyncio.run, args=(saturate(),))
        thread.start()
        try:
            for number in range(40):
                say(other, f"{number}")
                assert read_line(other) == "written"
        finally:
            done.set()
            thread.join(PATIENCE)


class Watch:
    """The time of one process, which passes only while it works; `pauses` are when it slept."""

    def __init__(self) -> None:
        self.started = self.now = time.monotonic() + 1000.0  # never before what the writer has read from the real one
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(self.now)
        self.now += seconds


def pauses(database: Database, monkeypatch: pytest.MonkeyPatch, *, transactions: int = 400) -> list[float]:
    """When the busy writer of `database` paused, and before it when it began."""
    watch, gate = Watch(), threading.Event()
    monkeypatch.setattr(writer, "time", watch)

    def work(conn: Conn) -> None:
        gate.wait(PATIENCE)
        watch.now += 0.001

    for future in [database.submit(work) for _ in range(transactions)]:
        gate.set()  # now so many wait that there is no other reason to stop
        future.result(PATIENCE)
    return [watch.started, *watch.pauses]


def test_a_busy_writer_pauses_whenever_it_has_held_the_lock_for_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(None, tmp_path / "data")
    with python(SINGLE_WRITES, database.url, tmp_path / "data") as other:
        say(other, "first")
        assert read_line(other) == "written"
        between = [later - earlier for earlier, later in itertools.pairwise(pauses(database, monkeypatch))]
    database.close()
    assert len(between) > 10
    longest = writer.HOLD_SECONDS + writer.PAUSE_SECONDS + writer.GROUP_SECONDS + 0.002  # a group is not broken off
    assert max(between) <= longest


def test_a_busy_writer_pauses_for_nobody_while_no_other_process_has_the_database_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(None, tmp_path / "data")
    with python(OPEN_ONLY, database.url, tmp_path / "data") as other:
        assert read_line(other) == "open"
        assert len(pauses(database, monkeypatch)) > 2, "also for a program that has not written anything yet"
    assert len(pauses(database, monkeypatch)) == 1
    database.read(lambda conn: conn.value("SELECT count(*) FROM task"))
    assert len(pauses(database, monkeypatch)) == 1, "what this process itself reads is no other process"
    database.close()


def test_two_writers_of_one_process_leave_room_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (open_database(None, tmp_path / "data") for _ in range(2))
    second.write(add("x"))
    assert len(pauses(first, monkeypatch)) > 2
    second.close()
    assert len(pauses(first, monkeypatch)) == 1
    first.close()


def _names(count: int) -> Iterator[dict[str, str]]:
    return ({"n": f"row-{number}"} for number in range(count))
