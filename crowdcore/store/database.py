"""The database: one writer, many readers, the same calls on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import copy
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Protocol, TypeVar

from crowdcore.errors import StoreError
from crowdcore.store.engine import schema as tables
from crowdcore.store.engine.readers import Reader, Readers
from crowdcore.store.engine.schema import SHIPPED, Schema
from crowdcore.store.engine.sql import Conn, Dialect
from crowdcore.store.engine.sqlite import SqliteEngine
from crowdcore.store.engine.writer import Job, Session, Writer
from crowdcore.store.files import make_folders

T = TypeVar("T")
Fence = Callable[[Conn], None]
"""Raises if what follows in the transaction may not be written."""

SILENT = 3.0
"""Seconds without an answer after which the database is in trouble."""
ANSWER = 60.0
"""Seconds that one statement may take, for commands; who serves waits for less."""


class Held(Protocol):
    """A lock that lasts until `close`, or until its process dies."""

    def holds(self) -> bool:
        """Whether it is still held, as far as anybody can tell; asks, for a few seconds at most."""

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

    def emptied(self, data_dir: Path) -> str | None:
        """Why what is there is no new database although it is empty; None if it is not, or may be one."""

    def misplaced(self) -> str | None:
        """Why what is opened is not what lies at its place any more; None if it does. A cheap thing to ask."""

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
        self._fence: Fence | None = None
        self._patience = patience
        self._writer = Writer(engine.session, patience, engine.describe())
        self._readers = Readers(engine.reader, patience, engine.describe(), in_place=engine.reads_in_place)

    def describe(self) -> str:
        """Where it is, in words for messages, without a password."""
        return self._engine.describe()

    def fenced(self, fence: Fence) -> Database:
        """The same database for somebody who may lose the right to write: `fence` is asked in each transaction."""
        other = copy.copy(self)
        other._fence = fence
        return other

    def trouble(self) -> str | None:
        """Why the database cannot be relied on now, in one line; asks nobody, so it is quick whatever has happened."""
        if (misplaced := self._engine.misplaced()) is not None:
            return misplaced
        oldest = min((at for at in (self._readers.since, self._writer.since) if at is not None), default=None)
        if oldest is not None and (silent := time.monotonic() - oldest) > SILENT:
            return f"{self.describe()} has not answered for {silent:.0f} s"
        return None

    def read(self, fn: Callable[[Conn], T]) -> T:
        """What `fn` answers on a snapshot of the database that nobody can write to.

        Raises what `fn` raises, and StoreError or StoreBusy if the database cannot be used.
        """
        return self._readers.read(fn)

    def write(self, fn: Callable[[Conn], T]) -> T:
        """What `fn` answered, after its changes are on the disk. Blocks; not for event loops or inside `fn`.

        Raises what `fn` raises (its changes are undone), StoreConflict for a duplicate, StoreBusy or
        StoreError if the database cannot be used.
        """
        if self._writer.is_this_thread():
            raise RuntimeError("a transaction may not wait for another one")
        future: Future[T] = Future()
        job = self._submit(fn, future)
        if not wait([future], self._patience).done:
            self._writer.drop(job)  # unless it was begun: then its outcome is waited for
        return future.result()

    async def aread(self, fn: Callable[[Conn], T]) -> T:
        """`read` for event loops."""
        return await self._readers.aread(fn)

    async def awrite(self, fn: Callable[[Conn], T]) -> T:
        """`write` for event loops. A caller that is cancelled may or may not have written."""
        return await self.queue(fn)

    def queue(self, fn: Callable[[Conn], T]) -> asyncio.Future[T]:
        """`awrite`, without waiting: the running loop's future of what `fn` answers once it is on the disk."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = Job(self._guarded(fn), future, loop)
        job.timer = loop.call_later(self._patience, self._writer.drop, job)
        self._writer.submit(job)
        return future

    def submit(self, fn: Callable[[Conn], T]) -> Future[T]:
        """`write`, without waiting: the future is done when the changes are on the disk."""
        future: Future[T] = Future()
        self._submit(fn, future)
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
        self._writer.close()
        self._readers.close()
        self._engine.close()

    def _submit(self, fn: Callable[[Conn], T], future: Future[T]) -> Job:
        future.set_running_or_notify_cancel()  # a queued transaction cannot be taken back by its caller
        job = Job(self._guarded(fn), future)
        self._writer.submit(job)
        return job

    def _guarded(self, fn: Callable[[Conn], T]) -> Callable[[Conn], T]:
        fence = self._fence
        if fence is None:
            return fn

        def guarded(conn: Conn) -> T:
            if fence not in conn.passed:  # nobody else can write before this transaction ends
                fence(conn)
                conn.passed.add(fence)
            return fn(conn)

        return guarded


def open_database(
    url: str | None, data_dir: Path, *, create: bool = True, patience: float = 10.0, answer: float = ANSWER,
    schema: Schema = SHIPPED,
) -> Database:  # fmt: skip
    """Open the database at `url`, and make or migrate its tables where needed.

    `url`: None for the SQLite file `crowd.db` in `data_dir`, `sqlite:///path`, or
    `postgresql://user@host:port/name`. `data_dir` is made if missing; files live there. Without
    `create` a database that does not exist is an error, and one that may only be read is opened too. `patience`:
    seconds to wait for another process's lock before a caller gets StoreBusy; `answer`: seconds that a server may
    take for one statement. Raises StoreError, one line each.
    """
    if create:
        _make_folder(data_dir)
    engine = _engine(url, data_dir, patience, answer)
    if not create and not engine.exists():
        raise _no_database(engine.describe())
    if (emptied := engine.emptied(data_dir)) is not None:
        raise StoreError(emptied)
    database = Database(engine, data_dir, patience)
    try:
        _prepare(database, schema, create=create, is_new=not engine.exists())
    except BaseException:
        database.close()
        raise
    return database


def open_as_it_is(url: str | None, data_dir: Path, patience: float = 10.0) -> Database:
    """Open a database that exists without making or migrating anything; StoreError if there is none."""
    engine = _engine(url, data_dir, patience, ANSWER)
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


def _engine(url: str | None, data_dir: Path, patience: float, answer: float) -> Engine:
    if url is None:
        return SqliteEngine(data_dir.absolute() / "crowd.db", patience)
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return SqliteEngine(Path(rest[1:]).absolute(), patience)
    if scheme in ("postgresql", "postgresql+psycopg", "postgres"):
        return _postgres(f"postgresql://{rest}", patience, answer)
    raise StoreError(
        f"{scheme}: not a database that crowdcore knows; "
        "write sqlite:///path/to/crowd.db or postgresql://user@host:5432/name"
    )


def _postgres(url: str, patience: float, answer: float) -> Engine:
    try:
        # The driver is an extra, and importing it costs what most users need not pay.
        from crowdcore.store.engine.postgres import PostgresEngine
    except ImportError as error:
        raise StoreError("PostgreSQL needs its driver: pip install 'crowdcore[postgres]'") from error
    return PostgresEngine(url, patience, answer)


def _no_database(where: str) -> StoreError:
    return StoreError(f"no database at {where}: `crowd run TASK` makes one")


def _prepare(database: Database, schema: Schema, *, create: bool, is_new: bool) -> None:
    """Make the tables of a new database; migrate those of an older one."""
    version = None if is_new else database.read(tables.stored_version)
    if version is None:
        if not create:
            raise _no_database(database.describe())
        version = database.write(lambda conn: tables.create(conn, schema))
    if tables.check(version, schema, database.describe()):
        # Half a second of SQLAlchemy and alembic that nobody else should pay for.
        from crowdcore.store.migrations import migrate

        migrate(database.url, database.describe(), schema)
