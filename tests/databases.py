"""PostgreSQL databases for tests, used again: to empty one takes 5 ms, to copy one 40 ms and 9 MB of disk.

Each test finds tables without rows and numbers that begin at 1, as in a new database.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import psycopg

from crowdcore.store import open_database
from tests.postgres import PostgresServer

_RESTING = 4
"""How many are left alone after their tests: what a thread might still write would come before they are used again."""
_GROWN = 4_000_000
"""Bytes of tables and indexes above which a database is not emptied: what was deleted would slow down the next test."""
_USERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
_SHAPE = """
    SELECT md5(string_agg(concat(c.relname, ' ', a.attname, ' ', a.atttypid, ' ', a.attnotnull), ','
                          ORDER BY c.relname, a.attnum)),
           (SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
"""
_COUNT_ANEW = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"


class Databases:
    """Databases of one server that have all tables and no rows."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server = server
        self._free: deque[str] = deque()
        url = server.new_database()
        open_database(url, folder).close()
        self._template = _name(url)
        with server.connect(self._template) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            self._meta = connection.execute("SELECT key, value FROM meta").fetchall()
            self._shape = _shape(connection)[0]
        self._delete = "; ".join(f'DELETE FROM "{table}"' for (table,) in tables)

    def take(self) -> str:
        """The address of a database that nobody else uses."""
        for _ in range(len(self._free) - _RESTING):
            name = self._free.popleft()
            if self._is_left(name):
                if self._emptied(name):
                    return self._server.url(name)
                self._drop(name)
            else:
                self._free.append(name)
        return self._server.new_database(self._template)

    def give_back(self, url: str) -> None:
        """The test that had it is over."""
        self._free.append(_name(url))

    def _is_left(self, name: str) -> bool:
        with self._server.connect() as connection:
            return connection.execute(_USERS, [name]).fetchone() == (0,)

    def _emptied(self, name: str) -> bool:
        """Whether it is like a new one now; what grew, or whose tables were changed, cannot be."""
        with self._server.connect(name) as connection:
            shape, size = _shape(connection)
            if shape != self._shape or size > _GROWN:
                return False
            # Without the triggers of foreign keys, the order of the tables does not matter.
            connection.execute(f"SET session_replication_role = replica; {self._delete}".encode())
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO meta (key, value) VALUES (%s, %s)", self._meta)
            connection.execute(_COUNT_ANEW)
        return True

    def _drop(self, name: str) -> None:
        with self._server.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _shape(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[str, int]:
    """A digest of the tables' and indexes' columns, and their size in bytes."""
    row = connection.execute(_SHAPE).fetchone()
    assert row is not None
    return str(row[0]), int(str(row[1]))


def _name(url: str) -> str:
    return url.rpartition("/")[2]
