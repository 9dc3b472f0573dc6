"""An answered write is on the disk: settings read back, and kill -9 at random instants."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from crowdcore.store import Conn, Database, open_database
from tests.postgres import PostgresServer
from tests.store.processes import python, read_line

# Writes without end from many tasks, and prints each name after its write was answered.
WRITE_FOREVER = """
import asyncio, os, pathlib, sys
from crowdcore.store import open_database

url, folder, prefix = sys.argv[1:]
database = open_database(url, pathlib.Path(folder))

async def write_some(worker):
    for number in range(1_000_000):
        name = f"{prefix}-{worker}-{number}"
        def add(conn):
            conn.execute("INSERT INTO task (name, created_at) VALUES (:name, 1.0)", name=name)
            conn.execute("INSERT INTO event (at, kind, actor, data) VALUES (1.0, 'k', :name, '{}')", name=name)
        await database.awrite(add)
        os.write(1, (name + "\\n").encode())

async def main():
    await asyncio.gather(*(write_some(worker) for worker in range(20)))

asyncio.run(main())
"""


def test_a_commit_waits_for_the_disk(db: Database) -> None:
    def settings(conn: Conn) -> list[str]:
        if conn.dialect == "postgresql":
            return [conn.value("SHOW synchronous_commit"), conn.value("SHOW fsync")]
        return [str(conn.value(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")]

    expected = {"postgresql": ["on", "on"], "sqlite": ["wal", "2", "1"]}
    assert db.write(settings) == expected[db.dialect]


def test_a_server_that_answers_too_early_is_told_to_wait(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = postgres_server.new_database()
    with postgres_server.connect() as connection:
        connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off".encode())
    database = open_database(url, tmp_path)
    assert database.write(lambda conn: conn.value("SHOW synchronous_commit")) == "on"
    database.close()


def test_foreign_keys_are_enforced(db: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        db.write(lambda conn: conn.execute("INSERT INTO cursor (run_id, consumer, event_id) VALUES (7, 'c', 0)"))


@pytest.mark.parametrize("seed", range(10))
def test_every_answered_write_survives_kill_9(
    seed: int, database_url: str, tmp_path: Path, opened: Callable[[], Database], request: pytest.FixtureRequest
) -> None:
    before_kill = random.Random(seed).randrange(1, 1500)
    answered = []
    with python(WRITE_FOREVER, database_url, tmp_path / "data", seed) as writer:
        answered += [read_line(writer) for _ in range(before_kill)]
        writer.kill()
        assert writer.stdout is not None
        answered += [line.rstrip("\n") for line in writer.stdout if line.endswith("\n")]
    if database_url.startswith("postgresql"):
        request.getfixturevalue("postgres_server").crash()
    rows = opened().read(
        lambda conn: conn.all("SELECT t.name, count(e.id) AS n FROM task t JOIN event e ON e.actor = t.name GROUP BY 1")
    )
    stored = {row["name"]: row["n"] for row in rows}
    assert set(answered) <= set(stored)
    assert set(stored.values()) == {1}
    # Nothing half done either: both statements of a transaction or neither.
    assert opened().read(lambda conn: conn.value("SELECT count(*) FROM task")) == len(stored)
