"""Models, migrations and the SQL for new databases agree; older databases are brought up to date."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

import crowdcore.store.models  # noqa: F401  (fills the metadata)
from crowdcore.errors import StoreError
from crowdcore.store import Conn, migrations, open_database
from crowdcore.store.engine.schema import SHIPPED, Schema
from scripts.schema import schema_sql
from tests.store.processes import python, read_line, say

NEXT_STEP = """
import sqlalchemy as sa
from alembic import op

revision = "{version}"
down_revision = "{before}"


def upgrade() -> None:
    with op.batch_alter_table("task") as table:
        table.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default="grey"))
    {more}
"""

OPEN_WITH_NEXT_SCHEMA = """
import pathlib, sys
from crowdcore.store import open_database
from crowdcore.store.engine.schema import Schema

folder = pathlib.Path(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
schema = Schema(sys.argv[4], folder, folder / "versions")
database = open_database(sys.argv[1], pathlib.Path(sys.argv[2]), schema=schema)
print(database.read(lambda conn: conn.value("SELECT value FROM meta")), flush=True)
"""


def next_schema(folder: Path, more: str = "") -> Schema:
    """What the next release might bring: the shipped migrations and one more."""
    version = f"{int(SHIPPED.version) + 1:04d}"
    shutil.copytree(SHIPPED.migrations, folder / "versions", ignore=shutil.ignore_patterns("__pycache__"))
    step = NEXT_STEP.format(version=version, before=SHIPPED.version, more=more)
    (folder / "versions" / f"{version}_colour.py").write_text(step)
    return Schema(version, SHIPPED.folder, folder / "versions")


@contextmanager
def sqlalchemy_connection(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def differences(connection: sa.Connection) -> list[object]:
    """What alembic would change to make the database the models'."""
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata))


def layout(connection: sa.Connection) -> object:
    """Tables, columns, keys, indexes and checks, as the database tells them."""
    inspector = sa.inspect(connection)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)],
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted((k["constrained_columns"], k["referred_table"]) for k in inspector.get_foreign_keys(table)),
            sorted(u["column_names"] for u in inspector.get_unique_constraints(table)),
            sorted((i["name"] or "", str(i["column_names"]), bool(i["unique"])) for i in inspector.get_indexes(table)),
        )
        for table in inspector.get_table_names()
    }


def partial_indexes(connection: sa.Connection) -> set[str]:
    sql = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%'"
    if connection.dialect.name == "postgresql":
        sql = "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%WHERE%' AND schemaname = 'public'"
    return {str(row[0]) for row in connection.execute(sa.text(sql))}


def add_task(conn: Conn) -> None:
    conn.execute("INSERT INTO task (name, created_at) VALUES ('kept', 1.0)")


def test_the_schema_files_are_made_from_the_models() -> None:
    for dialect in ("sqlite", "postgresql"):
        assert (SHIPPED.folder / f"{dialect}.sql").read_text() == schema_sql(dialect)


def test_a_new_database_is_what_the_models_say(database_url: str, tmp_path: Path) -> None:
    open_database(database_url, tmp_path / "data").close()
    with sqlalchemy_connection(database_url) as connection:
        assert differences(connection) == []


def test_the_migrations_make_what_the_schema_files_make(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    open_database(database_url, tmp_path / "data").close()
    other = f"sqlite:///{tmp_path}/migrated.db"
    if database_url.startswith("postgresql"):
        other = request.getfixturevalue("postgres_server").new_database()
    with sqlalchemy_connection(other) as migrated, sqlalchemy_connection(database_url) as created:
        migrations.run(migrated, migrations.steps(SHIPPED))
        assert differences(migrated) == []
        assert layout(migrated) == layout(created)
        assert partial_indexes(migrated) == partial_indexes(created)
        assert len(partial_indexes(created)) == 8


def test_the_newest_migration_is_the_version_of_the_code() -> None:
    numbers = sorted(path.name[:4] for path in SHIPPED.migrations.glob("[0-9]*.py"))
    assert numbers[-1] == SHIPPED.version
    assert [step.revision for step in migrations.steps(SHIPPED)] == numbers


def test_an_older_database_is_migrated_and_keeps_its_rows(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url, tmp_path / "data")
    database.write(add_task)
    database.close()
    schema = next_schema(tmp_path / "next")
    for _ in ("migrates", "is up to date"):
        database = open_database(database_url, tmp_path / "data", schema=schema)
        row = database.read(lambda conn: conn.one("SELECT name, colour FROM task"))
        assert row is not None
        assert tuple(row) == ("kept", "grey")
        assert database.read(lambda conn: conn.value("SELECT value FROM meta WHERE key = 'schema'")) == schema.version
        database.close()


def test_an_sqlite_database_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    database = open_database(None, tmp_path)
    database.write(add_task)
    database.close()
    open_database(None, tmp_path, schema=next_schema(tmp_path / "next")).close()
    copies = list(tmp_path.glob("crowd.db.backup-*"))
    assert [copy.name for copy in copies] == [f"crowd.db.backup-{SHIPPED.version}"]
    (tmp_path / "old").mkdir()
    copies[0].rename(tmp_path / "old" / "crowd.db")
    old = open_database(None, tmp_path / "old")
    assert old.read(lambda conn: conn.value("SELECT name FROM task")) == "kept"
    old.close()


def test_of_a_database_on_a_server_no_copy_is_made_and_that_is_said(
    postgres_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_database(postgres_url, tmp_path / "data").close()
    with caplog.at_level("INFO", "crowdcore.store"):
        open_database(postgres_url, tmp_path / "data", schema=next_schema(tmp_path / "next")).close()
    assert "no copy is made of it" in caplog.text
    assert not list((tmp_path / "data").glob("*backup*"))


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url, tmp_path / "data")
    database.write(add_task)
    database.close()
    broken = next_schema(tmp_path / "next", more='op.execute("INSERT INTO no_such_table VALUES (1)")')
    with pytest.raises(Exception, match="no_such_table"):
        open_database(database_url, tmp_path / "data", schema=broken)
    database = open_database(database_url, tmp_path / "data")
    assert database.read(lambda conn: conn.value("SELECT name FROM task")) == "kept"
    database.close()


def test_a_migration_that_would_leave_dangling_rows_is_refused(tmp_path: Path) -> None:
    open_database(None, tmp_path).close()
    dangling = "INSERT INTO cursor (run_id, consumer, event_id) VALUES (7, 'c', 0)"
    schema = next_schema(tmp_path / "next", more=f'op.execute("{dangling}")')
    with pytest.raises(StoreError, match="dangling row in cursor"):
        open_database(None, tmp_path, schema=schema)


def test_processes_that_migrate_at_once_all_succeed_and_one_copy_is_made(database_url: str, tmp_path: Path) -> None:
    open_database(database_url, tmp_path / "data").close()
    version = next_schema(tmp_path / "next").version
    arguments = (database_url, tmp_path / "data", tmp_path / "next", version)
    with python(OPEN_WITH_NEXT_SCHEMA, *arguments) as one, python(OPEN_WITH_NEXT_SCHEMA, *arguments) as two:
        assert [read_line(one), read_line(two)] == ["ready", "ready"]
        say(one, "go")
        say(two, "go")
        assert [read_line(one), read_line(two)] == [version, version]
    copies = [path.name for path in (tmp_path / "data").glob("*backup*")]
    assert copies == ([f"crowd.db.backup-{SHIPPED.version}"] if database_url.startswith("sqlite") else [])


def test_a_database_of_a_newer_version_is_refused(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url, tmp_path / "data")
    database.write(lambda conn: conn.execute("UPDATE meta SET value = '0009' WHERE key = 'schema'"))
    database.close()
    with pytest.raises(StoreError) as caught:
        open_database(database_url, tmp_path / "data")
    words = f"was made by a newer crowdcore (schema 0009); this one knows {SHIPPED.version}: upgrade crowdcore"
    assert str(caught.value).endswith(words)


def test_a_version_from_which_no_migration_leads_on_is_refused(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url, tmp_path / "data")
    database.write(lambda conn: conn.execute("UPDATE meta SET value = '0000' WHERE key = 'schema'"))
    database.close()
    with pytest.raises(StoreError, match=f"no way from schema 0000 to {SHIPPED.version}"):
        open_database(database_url, tmp_path / "data")
