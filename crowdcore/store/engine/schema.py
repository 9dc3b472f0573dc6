"""Which tables a database has: made when it is new, checked each time it is opened.

`meta` holds the version of the schema, the number of the newest migration. The migrations themselves
(and SQLAlchemy with them) are imported only when that number is not this code's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crowdcore.errors import StoreError
from crowdcore.store.engine.sql import Conn, Dialect

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Schema:
    """A version of the tables.

    `version` is the number of the newest migration ("0001"), `folder` holds one SQL file for each
    dialect that makes an empty database of that version, `migrations` the steps towards it.
    """

    version: str
    folder: Path
    migrations: Path

    def statements(self, dialect: Dialect) -> list[str]:
        """The statements that make an empty database."""
        text = (self.folder / f"{dialect}.sql").read_text(encoding="utf-8")
        parts = (part.strip().removesuffix(";") for part in text.split(";\n"))
        return [part for part in parts if part]


SHIPPED = Schema("0004", _HERE / "ddl", _HERE.parent / "migrations" / "versions")
"""The schema that this code works with."""

_HAS_META = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
    "postgresql": "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'meta'",
}
_HAS_ANY = {
    "sqlite": "SELECT count(*) FROM sqlite_master",
    "postgresql": "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()",
}


def stored_version(conn: Conn) -> str | None:
    """The version of the database's schema; None if the database is empty, "" if it is not one of ours."""
    if conn.value(_HAS_META[conn.dialect]):
        return str(conn.value("SELECT value FROM meta WHERE key = 'schema'") or "")
    return "" if conn.value(_HAS_ANY[conn.dialect]) else None


def create(conn: Conn, schema: Schema) -> str:
    """Make the tables if the database is still empty; the version that it has then."""
    version = stored_version(conn)
    if version is not None:  # another process was first
        return version
    for statement in schema.statements(conn.dialect):
        conn.execute(statement)
    conn.execute("INSERT INTO meta (key, value) VALUES ('schema', :version)", version=schema.version)
    return schema.version


def check(version: str, schema: Schema, where: str) -> bool:
    """Whether a database of `version` must be migrated; StoreError if this code cannot use it at all."""
    if version == schema.version:
        return False
    if not version:
        raise StoreError(f"{where} holds something else, not a crowdcore database: choose another with --db")
    if not version.isdigit() or version > schema.version:
        raise StoreError(
            f"{where} was made by a newer crowdcore (schema {version}); "
            f"this one knows {schema.version}: upgrade crowdcore"
        )
    return True
