"""From an older schema to this code's, in one transaction; this alone imports alembic and SQLAlchemy.

`versions/` holds one file for each step. `meta` alone says how far a database has come, so alembic's
own version table is not used. A new step is written by
`python scripts/schema.py --migration WORDS`, then read and corrected by a person.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from sqlalchemy.pool import NullPool

from crowdcore.errors import StoreError
from crowdcore.store.engine.opening import connect
from crowdcore.store.engine.schema import Schema
from crowdcore.store.files import make_private, sync_folder

_log = logging.getLogger("crowdcore.store")


def steps(schema: Schema, after: str | None = None) -> list[Script]:
    """The migrations that follow version `after` (None: all), first one first.

    Raises StoreError if `after` is not one of them.
    """
    scripts = ScriptDirectory(str(schema.migrations.parent), version_locations=[str(schema.migrations)])
    known = {step.revision for step in scripts.walk_revisions()}
    if after is not None and after not in known:
        raise StoreError(f"no way from schema {after} to {schema.version}: install a crowdcore that knows {after}")
    found = scripts.iterate_revisions(schema.version, after or "base")
    return [step for step in reversed(list(found)) if isinstance(step, Script)]


def run(connection: sa.Connection, migrations: list[Script]) -> None:
    """Carry out migrations within the connection's transaction."""
    with Operations.context(MigrationContext.configure(connection)):
        for step in migrations:
            step.module.upgrade()


def migrate(url: str, where: str, schema: Schema) -> None:
    """Bring the database at `url` to `schema.version`; an SQLite file is copied first.

    `where` names it in messages. Does nothing if another process was faster. Raises StoreError if
    there is no way from the stored version; a failing step leaves the database as it was.
    """
    opened = _sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else _postgres(url)
    with opened as connection:
        stored = connection.execute(sa.text("SELECT value FROM meta WHERE key = 'schema'")).scalar_one()
        if stored == schema.version:
            return
        todo = steps(schema, stored)
        if connection.dialect.name == "sqlite":
            copy = back_up(Path(url.removeprefix("sqlite:///")), stored)
            _log.info("%s goes from schema %s to %s; as it was: %s", where, stored, schema.version, copy)
        else:  # one transaction: all of it or nothing
            _log.info("%s goes from schema %s to %s; no copy is made of it", where, stored, schema.version)
        run(connection, todo)
        connection.execute(
            sa.text("UPDATE meta SET value = :version WHERE key = 'schema'"), {"version": schema.version}
        )


@contextmanager
def _sqlite(path: str) -> Iterator[sa.Connection]:
    """A transaction that holds the write lock; rows may dangle within it, not at its end."""
    raw = connect(Path(path))
    raw.row_factory = None
    raw.execute("PRAGMA foreign_keys = OFF")  # tables are rebuilt; checked at the end instead
    raw.execute("PRAGMA synchronous = FULL")
    engine = sa.create_engine("sqlite://", creator=lambda: raw, poolclass=NullPool)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if dangling:
            raise StoreError(f"{path}: the migration would leave a dangling row in {dangling[0]}")


@contextmanager
def _postgres(url: str) -> Iterator[sa.Connection]:
    """A transaction that waits for the writers of other processes."""
    from crowdcore.store.engine.postgres import WRITERS  # needs the driver, which SQLite's users need not have

    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS})
        yield connection


def back_up(database: Path, version: str) -> Path:
    """A copy of an SQLite database beside it, on the disk, under a name that was free."""
    copy = database.with_name(f"{database.name}.backup-{version}")
    number = 1
    while copy.exists():
        number += 1
        copy = database.with_name(f"{database.name}.backup-{version}-{number}")
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    make_private(part)
    with closing(connect(database)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # so that the copy is one file
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(copy)
    sync_folder(copy.parent)
    return copy
