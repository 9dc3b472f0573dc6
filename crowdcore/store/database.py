"""The database: one writer, many readers, the same calls on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from crowdcore.errors import StoreError
from crowdcore.store.engine import schema as tables
from crowdcore.store.engine.schema import SHIPPED, Schema
from crowdcore.store.engine.sql import Conn, ConnectionLost, Dialect
from crowdcore.store.engine.sqlite import SqliteEngine
from crowdcore.store.engine.writer import Job, Session, Writer
from crowdcore.store.files import make_folders

T = TypeVar("T")

_IDLE_READERS = 8
"""Read connections that are kept open while nobody uses them."""


class Reader(Protocol):
    """A read connection."""

    conn: Conn

    def begin(self) -> None:
        """Start a snapshot."""

    def end(self) -> bool:
        """End it; whether the connection can be used again."""

    def close(self) -> None:
        """Close the connection."""


class Held(Protocol):
    """A lock that lasts until `close`, or until its process dies."""

    def close(self) -> None:
        """Let others have it."""


class Engine(Protocol):
    """A kind of database and where it is."""

    dialect: Dialect
    url: str
    reads_in_place: bool
    """True if a read is so quick that an event loop may do it itself."""

    def describe(self) -> str:
        """Where it is, in words for messages, without a password."""

    def exists(self) -> bool:
        """Whether there is something to open."""

    def session(self) -> Session:
        """A connection for the writer."""

    def reader(self) -> Reader:
        """A connection for reading."""

    def data_version(self, read: Callable[[Callable[[Conn], int]], int]) -> int:
        """A number that changes when anybody commits; `read` is Database.read."""

    def hold(self, number: int) -> Held | None:
        """The lock of this number among all machines that use the database; None if it is taken."""

    def close(self) -> None:
        """Give back what the engine itself holds."""


class Database:
    """An open database; `open_database` makes it. Safe to use from any thread.

    A transaction is a function of a Conn: no I/O, no hook, and it may run twice (a group that could
    not be committed is run again). `folder` is the data directory, `url` may hold a password.
    """

    def __init__(self, engine: Engine, folder: Path, patience: float) -> None:
        self.dialect: Dialect = engine.dialect
        self.url = engine.url
        self.folder = folder
        self._engine = engine
        self._writer = Writer(engine.session(), patience)
        self._idle: deque[Reader] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False

    def describe(self) -> str:
        """Where it is, in words for messages, without a password."""
        return self._engine.describe()

    def read(self, fn: Callable[[Conn], T]) -> T:
        """What `fn` answers on a snapshot of the database that nobody can write to.

        Raises what `fn` raises, and StoreError or StoreBusy if the database cannot be used.
        """
        try:
            return self._read_once(fn)
        except ConnectionLost:  # an idle connection may have died long ago; a new one tells
            return self._read_once(fn)

    def write(self, fn: Callable[[Conn], T]) -> T:
        """What `fn` answered, after its changes are on the disk. Blocks; not for event loops or inside `fn`.

        Raises what `fn` raises (its changes are undone), StoreConflict for a duplicate, StoreBusy or
        StoreError if the database cannot be used.
        """
        if self._writer.is_this_thread():
            raise RuntimeError("a transaction may not wait for another one")
        return self.submit(fn).result()

    async def aread(self, fn: Callable[[Conn], T]) -> T:
        """`read` for event loops."""
        if self._engine.reads_in_place:
            return self.read(fn)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(4, thread_name_prefix="crowdcore-reader")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read, fn)

    async def awrite(self, fn: Callable[[Conn], T]) -> T:
        """`write` for event loops. A caller that is cancelled may or may not have written."""
        return await self.queue(fn)

    def queue(self, fn: Callable[[Conn], T]) -> asyncio.Future[T]:
        """`awrite`, without waiting: the running loop's future of what `fn` answers once it is on the disk."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._writer.submit(Job(fn, future, loop))
        return future

    def submit(self, fn: Callable[[Conn], T]) -> Future[T]:
        """`write`, without waiting: the future is done when the changes are on the disk."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # a queued transaction cannot be taken back
        self._writer.submit(Job(fn, future))
        return future

    def hold(self, number: int) -> Held | None:
        """The lock of this number among all machines that use the database, until `close`; None if it is taken.

        On SQLite there are no other machines: it is always granted.
        """
        return self._engine.hold(number)

    def data_version(self) -> int:
        """A number that is another one after any process (this one too) committed: a cheap thing to poll."""
        return self._engine.data_version(self.read)

    def close(self) -> None:
        """Commit what is queued, then close every connection. Closing twice is fine."""
        self._closed = True
        self._writer.close()
        if self._threads is not None:
            self._threads.shutdown()
        while self._idle:
            self._idle.pop().close()
        self._engine.close()

    def _read_once(self, fn: Callable[[Conn], T]) -> T:
        reader = self._take_reader()
        reader.conn.forget()
        try:
            reader.begin()
            return fn(reader.conn)
        finally:
            if reader.end():
                self._put_back(reader)
            else:
                reader.close()

    def _take_reader(self) -> Reader:
        if self._closed:
            raise StoreError("the database was closed")
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.reader()

    def _put_back(self, reader: Reader) -> None:
        if self._closed or len(self._idle) >= _IDLE_READERS:
            reader.close()
        else:
            self._idle.append(reader)


def open_database(
    url: str | None, data_dir: Path, *, create: bool = True, patience: float = 10.0, schema: Schema = SHIPPED
) -> Database:
    """Open the database at `url`, and make or migrate its tables where needed.

    `url`: None for the SQLite file `crowd.db` in `data_dir`, `sqlite:///path`, or
    `postgresql://user@host:port/name`. `data_dir` is made if missing; files live there. Without
    `create` a database that does not exist is an error. `patience`: seconds to wait for another
    process's lock before a caller gets StoreBusy. Raises StoreError, one line each.
    """
    _make_folder(data_dir)
    engine = _engine(url, data_dir, patience)
    if not create and not engine.exists():
        raise _no_database(engine.describe())
    database = Database(engine, data_dir, patience)
    try:
        _prepare(database, schema, create=create)
    except BaseException:
        database.close()
        raise
    return database


def open_as_it_is(url: str | None, data_dir: Path, patience: float = 10.0) -> Database:
    """Open a database that exists without making or migrating anything; StoreError if there is none."""
    engine = _engine(url, data_dir, patience)
    if not engine.exists():
        raise _no_database(engine.describe())
    return Database(engine, data_dir, patience)


def _make_folder(folder: Path) -> None:
    try:
        make_folders(folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot make the data directory ({error.strerror})") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"{folder}: no permission to write in the data directory")


def _engine(url: str | None, data_dir: Path, patience: float) -> Engine:
    if url is None:
        return SqliteEngine(data_dir.absolute() / "crowd.db", patience)
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return SqliteEngine(Path(rest[1:]).absolute(), patience)
    if scheme in ("postgresql", "postgresql+psycopg", "postgres"):
        return _postgres(f"postgresql://{rest}", patience)
    raise StoreError(
        f"{scheme}: not a database that crowdcore knows; "
        "write sqlite:///path/to/crowd.db or postgresql://user@host:5432/name"
    )


def _postgres(url: str, patience: float) -> Engine:
    try:
        # The driver is an extra, and importing it costs what most users need not pay.
        from crowdcore.store.engine.postgres import PostgresEngine
    except ImportError as error:
        raise StoreError("PostgreSQL needs its driver: pip install 'crowdcore[postgres]'") from error
    return PostgresEngine(url, patience)


def _no_database(where: str) -> StoreError:
    return StoreError(f"no database at {where}: `crowd run TASK` makes one")


def _prepare(database: Database, schema: Schema, *, create: bool) -> None:
    """Make the tables of a new database; migrate those of an older one."""
    version = database.read(tables.stored_version)
    if version is None:
        if not create:
            raise _no_database(database.describe())
        version = database.write(lambda conn: tables.create(conn, schema))
    if tables.check(version, schema, database.describe()):
        # Half a second of SQLAlchemy and alembic that nobody else should pay for.
        from crowdcore.store.migrations import migrate

        migrate(database.url, database.describe(), schema)
