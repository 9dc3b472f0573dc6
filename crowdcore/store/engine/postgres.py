"""PostgreSQL, through psycopg 3; imported only when a database URL asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import errors

from crowdcore.errors import StoreError
from crowdcore.store.engine.postgres_connect import connect, translate
from crowdcore.store.engine.sql import Conn, ConnectionLost, Dialect, Row, to_pyformat

WRITERS = 0x63726F7764
"""The advisory lock ("crowd" in ASCII) that orders the writers of all processes."""
_RUN_LOCKS = 0x63726F77
"""The class of advisory locks that say which process leads a run."""
_IDLE_IN_TRANSACTION = 60
"""Seconds after which the server ends a transaction whose process has stopped in the middle of it."""
_ALIVE = 3.0
"""Seconds that the lock of a run may take to answer."""


class PostgresConn(Conn):
    """Conn over a psycopg cursor."""

    dialect: Dialect = "postgresql"

    def __init__(self, cursor: Any, where: str) -> None:
        super().__init__()
        self._cursor = cursor
        self._where = where

    def execute(self, sql: str, **params: Any) -> int:
        """Run one statement; the number of rows it changed."""
        count: int = self._run(sql, params).rowcount
        return count

    def one(self, sql: str, **params: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._run(sql, params).fetchone()
        return row

    def all(self, sql: str, **params: Any) -> list[Row]:
        """Every row."""
        rows: list[Row] = self._run(sql, params).fetchall()
        return rows

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement once for each of `rows`."""
        try:
            self._cursor.executemany(to_pyformat(sql), rows)
        except psycopg.Error as error:
            raise self._failed(error) from error

    def _run(self, sql: str, params: dict[str, Any]) -> Any:
        try:
            return self._cursor.execute(to_pyformat(sql), params)
        except psycopg.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: psycopg.Error) -> Exception:
        self.failure = translate(error, self._where)
        return self.failure


class PostgresSession:
    """The writer's connection."""

    retry_seconds = 0.1

    def __init__(self, url: str, where: str, patience: float, answer: float) -> None:
        self._url = url
        self._patience = patience
        self._answer = answer
        self._where = where
        self._transaction = ""
        self._has_savepoint = False
        self._connect()

    def _connect(self) -> None:
        self._db = connect(self._url, self._where, self._answer)
        self._control = self._db.cursor(row_factory=psycopg.rows.tuple_row)
        self.conn: Conn = PostgresConn(self._db.cursor(), self._where)
        try:
            _make_durable(self._control, self._where)
            wait = min(self._patience, self._answer * 0.75)  # a server that is only busy says so before it is given up
            self._control.execute(f"SET lock_timeout = {int(wait * 1000)}")
            self._control.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_IN_TRANSACTION}s'")
        except BaseException:
            self._db.close()
            raise

    def is_in_the_way(self) -> bool:
        """No: who waits for an advisory lock stands in a queue."""
        return False

    def begin(self) -> None:
        """Start a transaction and wait for the other writers: so event ids are committed in order."""
        if self._db.closed:
            self._connect()
        self._has_savepoint = False
        self._do(f"BEGIN; SELECT pg_advisory_xact_lock({WRITERS}); SELECT pg_current_xact_id()::text")
        self._control.nextset()
        self._control.nextset()
        row = self._control.fetchone()
        assert row is not None
        self._transaction = row[0]

    def savepoint(self) -> None:
        """Remember this point (and forget the one before in the same trip)."""
        self._do("RELEASE one; SAVEPOINT one" if self._has_savepoint else "SAVEPOINT one")
        self._has_savepoint = True

    def release(self) -> None:
        """Keep what was done since; the next savepoint or the commit tells the server."""

    def undo(self) -> None:
        """Take back what was done since."""
        self._do("ROLLBACK TO one")

    def commit(self) -> None:
        """Commit. If the answer is lost, ask on a new connection what became of the transaction."""
        try:
            self._do("COMMIT")
        except ConnectionLost:
            if not self._was_committed():
                raise
            return
        if self._control.statusmessage != "COMMIT":
            raise StoreError(f"{self._where}: the server took the transaction back")

    def rollback(self) -> None:
        """Take back everything; a lost connection has done so."""
        try:
            if not self._db.closed:
                self._db.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        with suppress(psycopg.Error):
            self._db.close()

    def _do(self, sql: str) -> None:
        try:
            # Several statements in one trip need the simple protocol, so they are never prepared.
            self._control.execute(sql.encode(), prepare=False)
        except psycopg.Error as error:
            raise translate(error, self._where) from error

    def _was_committed(self) -> bool:
        """Whether the transaction whose COMMIT was not answered went through; StoreError if nobody knows."""
        give_up = time.monotonic() + self._patience
        while time.monotonic() < give_up:
            with suppress(ConnectionLost):
                if self._db.closed:
                    self._connect()
                status = self._ask_status()
                if status != "in progress":
                    return status == "committed"
            time.sleep(self.retry_seconds)
        raise StoreError(f"{self._where}: the connection was lost in a commit; look whether it was done")

    def _ask_status(self) -> str:
        try:
            self._control.execute("SELECT pg_xact_status(%s::xid8)", [self._transaction])
            row = self._control.fetchone()
        except errors.InvalidParameterValue:  # the server crashed and never heard of it
            return "aborted"
        except psycopg.Error as error:
            raise translate(error, self._where) from error
        return str(row[0]) if row else "aborted"


class PostgresReader:
    """A connection whose transactions are read-only snapshots."""

    def __init__(self, url: str, where: str, answer: float) -> None:
        self._where = where
        self._db = connect(url, where, answer)
        self._db.autocommit = False
        self._db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._db.read_only = True
        self.conn: Conn = PostgresConn(self._db.cursor(), where)

    def begin(self, *, brief: bool = False) -> None:
        """Nothing to do: the first statement starts the transaction."""

    def end(self) -> bool:
        """End the transaction; whether the connection can be used again."""
        try:
            self._db.rollback()
        except psycopg.Error:
            return False
        return not self._db.closed

    def close(self) -> None:
        """Close the connection."""
        with suppress(psycopg.Error):
            self._db.close()


class PostgresLock:
    """An advisory lock, held by a connection of its own."""

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        self._db = db

    def holds(self) -> bool:
        """Whether its session lives: the server lets the lock go with it."""
        try:
            self._db.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def close(self) -> None:
        """Let others have it, at once: the server may take a moment to notice that a connection is gone."""
        with suppress(psycopg.Error):
            self._db.execute("SELECT pg_advisory_unlock_all()")
        with suppress(psycopg.Error):
            self._db.close()


class PostgresEngine:
    """A database on a PostgreSQL server and how to connect to it."""

    dialect: Dialect = "postgresql"
    reads_in_place = False

    def __init__(self, url: str, patience: float, answer: float) -> None:
        self.url = url
        self._patience = patience
        self._answer = answer
        parts = urlsplit(url)
        user = f"{parts.username}@" if parts.username else ""
        port = f":{parts.port}" if parts.port else ""
        self._where = f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"

    def describe(self) -> str:
        """The URL without password and options."""
        return self._where

    def exists(self) -> bool:
        """True: connecting tells."""
        return True

    def emptied(self, data_dir: Path) -> str | None:
        """None: its server knows."""
        return None

    def misplaced(self) -> str | None:
        """None: connections end with what they lead to."""
        return None

    def session(self) -> PostgresSession:
        """A connection for the writer."""
        return PostgresSession(self.url, self._where, self._patience, self._answer)

    def reader(self) -> PostgresReader:
        """A connection for reading."""
        return PostgresReader(self.url, self._where, self._answer)

    def data_version(self, read: Callable[[Callable[[Conn], int]], int]) -> int:
        """The newest event: every operation writes one, and they are committed in order."""
        return read(lambda conn: conn.value("SELECT COALESCE(max(id), 0) FROM event"))

    def hold(self, number: int) -> PostgresLock | None:
        """The advisory lock of this number, held by a connection of its own; None if another session has it."""
        db = connect(self.url, self._where, _ALIVE)
        try:
            row = db.execute("SELECT pg_try_advisory_lock(%s::int, %s::int)", (_RUN_LOCKS, number)).fetchone()
        except psycopg.Error as error:
            db.close()
            raise translate(error, self._where) from error
        if row is not None and row[0]:
            return PostgresLock(db)
        db.close()
        return None

    def close(self) -> None:
        """Nothing is held."""


def _make_durable(cursor: Any, where: str) -> None:
    """Commits wait for the disk, read back; a stricter setting of the server is left alone."""

    def setting() -> str:
        row = cursor.execute("SHOW synchronous_commit").fetchone()
        return str(row[0])

    if setting() not in ("on", "remote_apply"):
        cursor.execute("SET synchronous_commit = on")
    if setting() not in ("on", "remote_apply"):
        raise StoreError(f"{where}: synchronous_commit is {setting()}, not on: answers could be lost")
