"""SQLite: one file in the data directory, in WAL mode, every commit on the disk before it is answered."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from crowdcore.errors import StoreError
from crowdcore.store.engine.acknowledged import Acknowledged
from crowdcore.store.engine.opening import connect, connect_to_read, emptied, translate
from crowdcore.store.engine.place import Place, identity
from crowdcore.store.engine.sql import Conn, Dialect, Row


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

    retry_seconds = 0.001

    def __init__(self, place: Place, patience: float) -> None:
        self._place = place
        self._path = place.path
        self._patience = patience
        self._told = Acknowledged(place.path)
        self._counted = False
        self._connect()

    def _connect(self) -> None:
        self._db: sqlite3.Connection | None = connect(self._path, self._patience)
        _make_durable(self._db, self._path, self._patience)
        # The writer waits for locks itself, in steps of a millisecond: SQLite's own steps grow to 100.
        self._db.execute("PRAGMA busy_timeout = 0")
        self._cursor = self._db.cursor()
        self.conn: Conn = SqliteConn(self._db, self._path)
        self._place.note()
        self._log_files: dict[Path, tuple[int, int] | None] = {}
        self._place.opened_to_write(1)
        self._counted = True

    def is_in_the_way(self) -> bool:
        """Others try each millisecond, and only those who have the file open can."""
        return self._place.is_shared()

    def begin(self) -> None:
        """Take the write lock."""
        if self._db is None:
            self._connect()
        self._do("BEGIN IMMEDIATE")
        if not self._log_files:
            self._log_files = self._place.log_files()
            self._told.open(self._newest())
        self._be_there()

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
        """Write to the log and fsync it; StoreError if that was a log which is deleted already."""
        newest = self._newest()
        self._do("COMMIT")
        self._be_there()
        self._told.note(newest)

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
        self._told.close()
        if self._db is not None:
            self._db.close()  # SQLite leaves the log alone if the file has moved
        self._db = None
        if self._counted:
            self._place.opened_to_write(-1)
        self._counted = False

    def _newest(self) -> int:
        try:
            return int(self._cursor.execute("SELECT max(id) FROM event").fetchone()[0] or 0)
        except sqlite3.Error:  # there are no tables yet, or the next statement says it
            return 0

    def _missing(self) -> str | None:
        wrong = self._place.wrong()
        if wrong is None:
            for path, known in self._log_files.items():
                if identity(path) != known:
                    return self._place.gone(path)
        return wrong

    def _be_there(self) -> None:
        if (wrong := self._missing()) is not None:
            raise StoreError(wrong)

    def _do(self, sql: str) -> None:
        try:
            self._cursor.execute(sql)
        except sqlite3.Error as error:
            raise translate(error, self._path) from error


class SqliteReader:
    """A connection that reads snapshots; writers do not wait for it, nor it for them."""

    def __init__(self, place: Place, patience: float) -> None:
        self._place = place
        self._patience = self._waits = patience
        self._db, self._copy = connect_to_read(place.path, patience)
        self._db.execute("PRAGMA query_only = ON")
        self._cursor = self._db.cursor()
        self.conn: Conn = SqliteConn(self._db, place.path, read_only=True)
        place.note()

    def begin(self, *, brief: bool = False) -> None:
        """Start a transaction: the first statement in it fixes what it sees."""
        if (wrong := self._place.wrong()) is not None:
            raise StoreError(wrong)
        patience = 0.0 if brief else self._patience
        if patience != self._waits:
            self._cursor.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
            self._waits = patience
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
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None


class NoLock:
    """Nothing to let go."""

    def holds(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing to do."""


class SqliteEngine:
    """The database file and how to connect to it."""

    dialect: Dialect = "sqlite"
    reads_in_place = True

    def __init__(self, path: Path, patience: float) -> None:
        self.path = path
        self._place = Place(path)
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

    def emptied(self, data_dir: Path) -> str | None:
        """Why a file of 0 bytes was a database once: its log, its witness or folders of runs are beside it."""
        return emptied(self.path, data_dir)

    def misplaced(self) -> str | None:
        """Whether the file was deleted or replaced since it was opened."""
        return self._place.wrong()

    def session(self) -> SqliteSession:
        """A connection for the writer; creates the file."""
        return SqliteSession(self._place, self._patience)

    def reader(self) -> SqliteReader:
        """A connection for reading."""
        if (wrong := self._place.wrong()) is not None:
            raise StoreError(wrong)
        return SqliteReader(self._place, self._patience)

    def data_version(self, read: Callable[[Callable[[Conn], int]], int]) -> int:
        """Differs from the last answer if anybody committed since; needs a connection that never writes."""
        with self._guard:
            if self._watch is None:
                self._watch, _ = connect_to_read(self.path, self._patience)
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
