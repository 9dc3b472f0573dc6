"""A disk without room: callers are told, nothing is half done, and the writer lives on."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.errors import StoreError
from crowdcore.store import Conn, Database, open_database
from tests.store.processes import python, read_line

# The kernel refuses to let any file grow beyond a size: an error while the log is written, at COMMIT.
NO_ROOM = """
import pathlib, resource, sys
from crowdcore.errors import StoreError
from crowdcore.store import open_database

database = open_database(None, pathlib.Path(sys.argv[1]))
add = lambda name: database.write(
    lambda conn: conn.execute("INSERT INTO task (name, created_at) VALUES (:n, 1.0)", n=name))
add("before")
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
try:
    add("x" * 600_000)
except StoreError as error:
    print(error, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
add("after")
print([len(row[0]) for row in database.read(lambda conn: conn.all("SELECT name FROM task ORDER BY id"))], flush=True)
"""


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(None, tmp_path)


def test_a_full_database_tells_its_callers_and_goes_on_when_there_is_room(database: Database) -> None:
    def set_limit(pages: int) -> None:
        database.write(lambda conn: conn.value(f"PRAGMA max_page_count = {pages}"))

    def big(conn: Conn) -> None:
        conn.execute("INSERT INTO task (name, created_at) VALUES ('small', 1.0)")
        conn.execute("INSERT INTO task (name, created_at) VALUES (:n, 1.0)", n="x" * 1_000_000)

    used = database.read(lambda conn: conn.value("PRAGMA page_count"))
    set_limit(used + 5)
    with pytest.raises(StoreError, match=r"disk full: .*crowd.db.* free some space"):
        database.write(big)
    assert database.read(lambda conn: conn.value("SELECT count(*) FROM task")) == 0
    set_limit(1_000_000)
    database.write(big)
    assert database.read(lambda conn: conn.value("SELECT count(*) FROM task")) == 2
    database.close()


def test_an_error_of_the_disk_at_commit_reaches_the_caller_and_the_writer_lives_on(tmp_path: Path) -> None:
    with python(NO_ROOM, tmp_path) as process:
        assert "cannot be read or written" in read_line(process)
        assert read_line(process) == "[6, 5]"
