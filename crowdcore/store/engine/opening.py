"""Connections to an SQLite file: to write, to read, and to read what may only be read."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from crowdcore.errors import StoreBusy, StoreError
from crowdcore.store.engine.acknowledged import Acknowledged
from crowdcore.store.engine.sql import StoreConflict
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


def connect(path: Path, patience: float = 10.0) -> sqlite3.Connection:
    """A connection for one thread at a time, in autocommit; StoreError if the file cannot be used.

    `patience`: seconds that a statement waits for a lock.
    """
    make_private(path)  # its log gets the same permissions
    return opened(str(path), path, patience)


def opened(address: str, path: Path, patience: float) -> sqlite3.Connection:
    """`connect` to a file or `file:` URI, which is not made private first."""
    try:
        db = sqlite3.connect(
            address, timeout=patience, isolation_level=None, check_same_thread=False, cached_statements=512,
            uri=address.startswith("file:"),
        )  # fmt: skip
        db.row_factory = sqlite3.Row
        for pragma in ("foreign_keys = ON", "temp_store = MEMORY", "cache_size = -16000"):
            db.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        raise translate(error, path) from error
    return db


def connect_to_read(path: Path, patience: float) -> tuple[sqlite3.Connection, TemporaryDirectory[str] | None]:
    """A connection to a file that exists, also if this user may only read it; and what to clean up after it.

    Readers of a log share memory in a file beside it. Where that cannot be made, nobody else has the database open:
    then it is read as it lies there, or with its log as a copy.
    """
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return opened(_uri(path, "mode=rw"), path, patience), None
    log, memory = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    try:
        if memory.exists():
            return opened(_uri(path, "mode=ro"), path, patience), None
        if not log.exists() or not log.stat().st_size:
            return opened(_uri(path, "mode=ro&immutable=1"), path, patience), None
        folder = TemporaryDirectory(prefix="crowdcore-")
        copies = [Path(shutil.copy(file, folder.name)) for file in (path, log)]
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror or error}): check owner and permissions") from error
    return opened(str(copies[0]), path, patience), folder


def _uri(path: Path, options: str) -> str:
    return f"file:{quote(os.fsencode(path))}?{options}"


def emptied(path: Path, data_dir: Path) -> str | None:
    """Why a database file of 0 bytes is no new one; None if it is, or has anything in it."""
    try:
        if path.stat().st_size:
            return None
        log = path.with_name(path.name + "-wal")
        newest, gaps = Acknowledged(path).read()
        was_one = newest or gaps or (log.exists() and log.stat().st_size) or any((data_dir / "runs").glob("*"))
    except OSError:
        return None
    if not was_one:
        return None
    return (f"no database at {path}: it has 0 bytes, and what lies beside it says that it was one; "
            "put back a backup: crowd db restore BACKUP --force")  # fmt: skip
