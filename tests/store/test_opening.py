"""Opening a database: what is refused with which words, and what opening costs."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from crowdcore.errors import StoreError
from crowdcore.store import open_database
from crowdcore.store.engine.schema import SHIPPED
from tests.postgres import PostgresServer
from tests.store.processes import python, read_line, say

OPEN_AND_WRITE = """
import pathlib, sys
from crowdcore.store import open_database

print("ready", flush=True)
sys.stdin.readline()
database = open_database(sys.argv[1], pathlib.Path(sys.argv[2]))
database.write(lambda conn: conn.execute("INSERT INTO task (name, created_at) VALUES (:n, 1.0)", n=sys.argv[3]))
print("written", flush=True)
"""

LIST_MODULES = """
import pathlib, sys
from crowdcore.store import open_database

open_database(None, pathlib.Path(sys.argv[1])).close()
print(sorted({"sqlalchemy", "sqlmodel", "alembic", "psycopg", "pydantic"} & set(sys.modules)), flush=True)
"""

WITHOUT_DRIVER = """
import pathlib, sys
from crowdcore.errors import StoreError
from crowdcore.store import open_database

sys.modules["psycopg"] = None  # as if it were not installed
try:
    open_database("postgresql://localhost/x", pathlib.Path(sys.argv[1]))
except StoreError as error:
    print(error, flush=True)
"""


def refusal(url: str | None, data_dir: Path, *, create: bool = True) -> str:
    """The one line that says why a database cannot be opened."""
    with pytest.raises(StoreError) as caught:
        open_database(url, data_dir, create=create)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("round", range(3))
def test_processes_that_create_the_same_database_at_once_all_succeed(
    round: int, database_url: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        processes = [
            stack.enter_context(python(OPEN_AND_WRITE, database_url, tmp_path / "data", number)) for number in range(4)
        ]
        assert [read_line(process) for process in processes] == ["ready"] * 4
        for process in processes:
            say(process, "go")
        assert [read_line(process) for process in processes] == ["written"] * 4
    database = open_database(database_url, tmp_path / "data")
    assert database.read(lambda conn: conn.value("SELECT count(*) FROM task")) == 4
    database.close()


def test_opening_a_new_or_existing_database_imports_no_orm(tmp_path: Path) -> None:
    for _ in ("new", "existing"):
        with python(LIST_MODULES, tmp_path) as process:
            assert read_line(process) == "[]"


def test_a_missing_driver_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with python(WITHOUT_DRIVER, tmp_path) as process:
        assert read_line(process) == "PostgreSQL needs its driver: pip install 'crowdcore[postgres]'"


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert refusal(None, tmp_path / "data").startswith(f"{tmp_path}/data: cannot make the data directory")
    assert "cannot make the data directory" in refusal(None, tmp_path / "data" / "deeper")


def test_a_place_that_cannot_be_written_to_is_refused() -> None:
    assert "cannot" in refusal(None, Path("/proc/self/fdinfo"))


def test_a_path_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened" in refusal(f"sqlite:///{tmp_path}", tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "crowd.db").write_bytes(b"dear diary, " * 1000)
    message = refusal(None, tmp_path)
    assert message.startswith(f"{tmp_path}/crowd.db is not a database: ")
    assert "`crowd db check`" in message
    assert "`crowd db restore" in message


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    open_database(None, tmp_path).close()
    with (tmp_path / "crowd.db").open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)
    assert "crowd.db is damaged" in refusal(None, tmp_path)


def test_a_database_of_another_program_is_refused(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url, tmp_path / "data")
    database.write(lambda conn: conn.execute("ALTER TABLE meta RENAME TO not_ours"))
    database.close()
    assert "not a crowdcore database" in refusal(database_url, tmp_path / "data")


def test_a_missing_database_is_not_made_when_that_was_not_asked_for(database_url: str, tmp_path: Path) -> None:
    for _ in ("first", "second"):
        message = refusal(database_url, tmp_path / "data", create=False)
        assert message.startswith("no database at ")
        assert message.endswith(": `crowd run TASK` makes one")
    assert not (tmp_path / "data" / "crowd.db").exists()


def test_the_data_directory_is_closed_to_other_users(tmp_path: Path) -> None:
    open_database(None, tmp_path / "new" / "data").close()
    assert (tmp_path / "new" / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("url", ["mysql://localhost/x", "crowd.db", "sqlite://", "sqlite:///", ""])
def test_an_address_of_another_kind_is_refused_with_the_kinds_there_are(url: str, tmp_path: Path) -> None:
    assert "sqlite:///path/to/crowd.db or postgresql://user@host:5432/name" in refusal(url, tmp_path)


def test_a_server_that_is_not_there_or_lacks_the_database_is_named_without_the_password(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    gone = refusal("postgresql://somebody:secret@127.0.0.1:1/x", tmp_path)
    assert gone.startswith("cannot connect to postgresql://somebody@127.0.0.1:1/x")
    assert "secret" not in gone
    assert refusal(postgres_server.url("nowhere"), tmp_path).endswith("createdb nowhere")


def test_every_form_of_address_opens_the_database(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = postgres_server.new_database()
    for form in (url, url.replace("+psycopg", ""), f"sqlite:///{tmp_path}/mine.db", None):
        database = open_database(form, tmp_path / "data")
        assert database.read(lambda conn: conn.value("SELECT value FROM meta")) == SHIPPED.version
        assert database.folder == tmp_path / "data"
        database.close()
    assert (tmp_path / "mine.db").exists()
    assert (tmp_path / "data" / "crowd.db").exists()
