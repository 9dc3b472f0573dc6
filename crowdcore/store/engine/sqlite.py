"""SQLite: one file in the data directory, in WAL mode, every commit on the disk before it is answered."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from crowdcore.errors import StoreBusy, StoreError
from crowdcore.store.engine.sql import Conn, Dialect, Row, StoreConflict
from crowdcore.store.files import make_private

_DUPLICATES = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}


_REPAIR = "`crowd db check` says what is wrong, `crowd db restore BACKUP --force` puts back a backup"


def translate(error: sqlite3.Error, path: Path) -> Exception:
    """The StoreError that `error` means, or `error` itself if it is a fault in the SQL."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        garbled = isinstance(error, sqlite3.OperationalError) and "Could not decode" in str(error)
        return StoreError(f"{path} is damaged ({error}): {_REPAIR}") if garbled else error
    if code in _DUPLICATES:
        return StoreConflict(f"{path.name}: {error}")
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(f"{path} is locked by another process: try again, or see which one with fuser")
        case sqlite3.SQLITE_FULL:
            return StoreError(f"disk full: {path} cannot grow; free some space and try again")
        case sqlite3.SQLITE_IOERR:
            return StoreError(f"{path} cannot be read or written ({error}): is the disk full or gone?")
        case sqlite3.SQLITE_NOTADB:
            return StoreError(f"{path} is not a database: {_REPAIR}")
        case sqlite3.SQLITE_CORRUPT:
            return StoreError(f"{path} is damaged ({error}): {_REPAIR}")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreError(f"{path} cannot be opened for writing ({error}): check owner and permissions")
    return error


class SqliteConn(Conn):
    """Conn over a sqlite3 connection.

    Each statement has a cursor of its own that is closed at once: a statement with rows left to fetch
    would hold its snapshot beyond the end of the transaction.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, db: sqlite3.Connection, path: Path, *, read_only: bool = False) -> None:
        super().__init__()
        self._db = db
        self._path = path
        self._read_only = read_only

    def execute(self, sql: str, **params: Any) -> int:
        """Run one statement; the number of rows it changed."""
        try:
            cursor = self._db.execute(sql, params)
            count = cursor.rowcount
            cursor.close()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        return count

    def one(self, sql: str, **params: Any) -> Row | None:
        """The first row, or None."""
        try:
            cursor = self._db.execute(sql, params)
            row: Row | None = cursor.fetchone()
            cursor.close()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        return row

    def all(self, sql: str, **params: Any) -> list[Row]:
        """Every row."""
        try:
            return self._db.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement once for each of `rows`."""
        try:
            self._db.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> Exception:
        self.failure = translate(error, self._path)
        if self._read_only and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY:
            self.failure = error  # a write in a read: the file's permissions are not to blame
        return self.failure


class SqliteSession:
    """The writer's connection."""

    yields = True
    retry_seconds = 0.001

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._connect()

    def _connect(self) -> None:
        self._db: sqlite3.Connection | None = connect(self._path, self._patience)
        _make_durable(self._db, self._path, self._patience)
        # The writer waits for locks itself, in steps of a millisecond: SQLite's own steps grow to 100.
        self._db.execute("PRAGMA busy_timeout = 0")
        self._cursor = self._db.cursor()
        self.conn: Conn = SqliteConn(self._db, self._path)

    def begin(self) -> None:
        """Take the write lock."""
        if self._db is None:
            self._connect()
        self._do("BEGIN IMMEDIATE")

    def savepoint(self) -> None:
        """Remember this point."""
        self._do("SAVEPOINT one")

    def release(self) -> None:
        """Keep what was done since."""
        self._do("RELEASE one")

    def undo(self) -> None:
        """Take back what was done since."""
        self._do("ROLLBACK TO one")
        self._do("RELEASE one")

    def commit(self) -> None:
        """Write to the log and fsync it."""
        self._do("COMMIT")

    def rollback(self) -> None:
        """Take back everything; SQLite may have done so itself (disk full)."""
        if self._db is None or not self._db.in_transaction:
            return
        try:
            self._db.rollback()
        except sqlite3.Error:  # then closing does it, and the next transaction opens it again
            self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._db is not None:
            self._db.close()
        self._db = None

    def _do(self, sql: str) -> None:
        try:
            self._cursor.execute(sql)
        except sqlite3.Error as error:
            raise translate(error, self._path) from error


class SqliteReader:
    """A connection that reads snapshots; writers do not wait for it, nor it for them."""

    def __init__(self, path: Path, patience: float) -> None:
        self._db = connect(path, patience)
        self._db.execute("PRAGMA query_only = ON")
        self._cursor = self._db.cursor()
        self.conn: Conn = SqliteConn(self._db, path, read_only=True)

    def begin(self) -> None:
        """Start a transaction: the first statement in it fixes what it sees."""
        self._cursor.execute("BEGIN")

    def end(self) -> bool:
        """End the transaction; whether the connection can be used again."""
        if self.conn.outage() is not None:
            return False
        self._db.rollback()
        return True

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


class NoLock:
    """Nothing to let go."""

    def close(self) -> None:
        """Nothing to do."""


class SqliteEngine:
    """The database file and how to connect to it."""

    dialect: Dialect = "sqlite"
    reads_in_place = True

    def __init__(self, path: Path, patience: float) -> None:
        self.path = path
        self._patience = patience
        self.url = f"sqlite:///{path}"
        self._watch: sqlite3.Connection | None = None
        self._guard = threading.Lock()

    def describe(self) -> str:
        """The file's path."""
        return str(self.path)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    def session(self) -> SqliteSession:
        """A connection for the writer; creates the file."""
        return SqliteSession(self.path, self._patience)

    def reader(self) -> SqliteReader:
        """A connection for reading."""
        return SqliteReader(self.path, self._patience)

    def data_version(self, read: Callable[[Callable[[Conn], int]], int]) -> int:
        """Differs from the last answer if anybody committed since; needs a connection that never writes."""
        with self._guard:
            if self._watch is None:
                self._watch = connect(self.path, self._patience)
            version: int = self._watch.execute("PRAGMA data_version").fetchone()[0]
            return version

    def hold(self, number: int) -> NoLock:
        """A lock that is always granted: a file has no other machines, and a lock on the run's folder is enough."""
        return NoLock()

    def close(self) -> None:
        """Close what data_version uses."""
        with self._guard:
            if self._watch is not None:
                self._watch.close()
            self._watch = None


def connect(path: Path, patience: float = 10.0) -> sqlite3.Connection:
    """A connection for one thread at a time, in autocommit; StoreError if the file cannot be used.

    `patience`: seconds that a statement waits for a lock.
    """
    make_private(path)  # its log gets the same permissions
    try:
        db = sqlite3.connect(
            path, timeout=patience, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        db.row_factory = sqlite3.Row
        for pragma in ("foreign_keys = ON", "temp_store = MEMORY", "cache_size = -16000"):
            db.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        raise translate(error, path) from error
    return db


def _make_durable(db: sqlite3.Connection, path: Path, patience: float) -> None:
    """WAL and an fsync at each commit, read back: without them an answer to a caller means nothing."""
    try:
        mode = _set_wal(db, patience)
        db.execute("PRAGMA synchronous = FULL")
        # A log that a long read made grow is cut back to this many bytes afterwards.
        db.execute("PRAGMA journal_size_limit = 67108864")
        synchronous = db.execute("PRAGMA synchronous").fetchone()[0]
    except sqlite3.Error as error:
        db.close()
        raise translate(error, path) from error
    if mode != "wal" or synchronous != 2:
        db.close()
        raise StoreError(
            f"{path}: journal_mode is {mode}, synchronous {synchronous}, not wal and 2: "
            "put the data directory on a local disk"
        )


def _set_wal(db: sqlite3.Connection, patience: float) -> str:
    """The journal mode after asking for WAL; two that ask at once do not wait for each other by themselves."""
    give_up = time.monotonic() + patience
    while True:
        try:
            mode: str = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.005)
        else:
            return mode
