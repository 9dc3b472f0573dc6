"""A copy of everything that a database and its data directory hold, made while servers write to it.

A backup is a folder: `crowd.db` (PostgreSQL: `crowd.dump`), `files/` with the uploads that the database names,
`runs/` with what each run keeps of its task, and `manifest.json` with sizes and hashes. It is written as
`FOLDER.partial`; the manifest is its last file, and the name its last step, so half a backup looks like none.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from crowdcore.base.paths import run_folder
from crowdcore.errors import StoreError
from crowdcore.store.database import open_as_it_is
from crowdcore.store.engine import schema
from crowdcore.store.engine.opening import connect, connect_to_read, translate
from crowdcore.store.engine.sql import Conn
from crowdcore.store.engine.sqlite import SqliteConn
from crowdcore.store.files import FileStore, make_private, sync_folder
from crowdcore.store.upkeep import consistency, postgres_tools
from crowdcore.store.upkeep.check import Progress, sqlite_path
from crowdcore.store.upkeep.consistency import digest

T = TypeVar("T")


class Read(Protocol):
    """How to ask a database, as Database.read."""

    def __call__(self, fn: Callable[[Conn], T], /) -> T:
        """What `fn` answers."""
        ...


MANIFEST = "manifest.json"
_FORMAT = 1
_PAGES = 256
"""Pages of the database (1 MB) copied in one step."""
_PAUSE = 0.004
"""Seconds between two steps, for those who write to the same disk."""
_NOT_KEPT = ("build", "lock", "troubles")
"""What a run's folder holds that a resume makes anew."""


@dataclass
class Manifest:
    """What is in a backup. `files` and `bytes` count uploads; `missing` are hashes of damaged or lost ones."""

    database: str
    sha256: str
    dialect: str
    schema: str
    made_at: float
    files: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    format: int = _FORMAT

    def write(self, folder: Path) -> None:
        """Put it into `folder`, on the disk."""
        with (folder / MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """That of a backup; StoreError if `folder` is none, or none of ours."""
        path = folder / MANIFEST
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            made = cls(**document)
        except FileNotFoundError:
            half = folder.name.endswith(".partial") and folder.is_dir()
            why = "is half a backup: its making broke off" if half else "is not a backup: it has no manifest.json"
            raise StoreError(f"{folder} {why}; give a folder that `crowd db backup` has named") from None
        except (OSError, TypeError, ValueError) as error:
            raise StoreError(f"{path} cannot be read ({error}): take another backup") from None
        if made.format > _FORMAT:
            raise StoreError(f"{folder} was made by a newer crowdcore: upgrade crowdcore")
        return made


def back_up(url: str | None, data_dir: Path, target: Path, progress: Progress | None = None) -> Manifest:
    """Write a backup of the database at `url` (None: SQLite in `data_dir`) and of its files to the new folder `target`.

    Uploads are hard links where `target` is on the same file system, else copies, each compared with its hash.
    Raises StoreError; then nothing is left under `target`.
    """
    told = progress or (lambda _what, _done, _total: None)
    partial = target.with_name(target.name + ".partial")
    if os.path.lexists(target):  # also a link that leads nowhere
        raise StoreError(f"{target} is there already: give the name of a new folder")
    if os.path.lexists(partial) and not _is_half(partial):
        raise StoreError(f"{partial} is no half backup, and would be written over: give another name, or move it")
    try:
        shutil.rmtree(partial, ignore_errors=True)  # of one that was killed
        partial.mkdir(parents=True, mode=0o700)
        manifest = _fill(url, data_dir, partial, told)
        manifest.write(partial)
        sync_tree(partial)
        partial.rename(target)
        sync_folder(target.absolute().parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        why = error.strerror or error
        raise StoreError(f"{error.filename or target} cannot be copied ({why}): nothing is backed up") from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def _is_half(folder: Path) -> bool:
    """Whether a backup that was killed left this folder, and nobody put anything else there."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    ours = ("crowd.db", "crowd.db-journal", "crowd.db-wal", "crowd.db-shm", "crowd.dump", "files", "runs", MANIFEST)
    return all(path.name in ours for path in folder.iterdir())


def _fill(url: str | None, data_dir: Path, folder: Path, told: Progress) -> Manifest:
    source = sqlite_path(url, data_dir)
    if source is None:
        return _fill_from_server(url, data_dir, folder, told)
    if not source.exists():
        raise StoreError(f"no database at {source}: there is nothing to back up")
    copy = folder / "crowd.db"
    copy_sqlite(source, copy, lambda done, total: told("copying the database", done, total))
    manifest = Manifest(copy.name, digest(copy), "sqlite", "", time.time())
    with closing(connect(copy)) as db:
        conn = SqliteConn(db, copy)
        _fill_rest(lambda fn: fn(conn), data_dir, folder, manifest, told)
    return manifest


def _fill_from_server(url: str | None, data_dir: Path, folder: Path, told: Progress) -> Manifest:
    copy = folder / "crowd.dump"
    database = open_as_it_is(url, data_dir)
    try:
        told("copying the database", 0, 0)
        postgres_tools.dump(database.url, database.describe(), copy)
        manifest = Manifest(copy.name, digest(copy), "postgresql", "", time.time())
        # Read after the dump: every upload and run that it names, perhaps one or two more.
        _fill_rest(database.read, data_dir, folder, manifest, told)
    finally:
        database.close()
    return manifest


def _fill_rest(read: Read, data_dir: Path, folder: Path, manifest: Manifest, told: Progress) -> None:
    """What belongs to the database outside of it; nothing else of the data directory."""
    manifest.schema = str(read(schema.stored_version) or "")
    if not manifest.schema:
        raise StoreError("the database has no tables of crowdcore: there is nothing to back up")
    _copy_files(read, FileStore(data_dir / "files"), FileStore(folder / "files"), manifest, told)
    for name in read(lambda c: [str(row["name"]) for row in c.all("SELECT name FROM run ORDER BY id")]):
        kept = run_folder(data_dir, name)
        if kept.is_dir():
            shutil.copytree(kept, run_folder(folder, name), ignore=shutil.ignore_patterns(*_NOT_KEPT))


def copy_sqlite(source: Path, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Copy an SQLite database as it is at this moment, on the disk, as one file; writers go on meanwhile.

    The snapshot is held by a read transaction: a copy in steps without one begins anew at every commit of others.
    Raises StoreError.
    """

    def step(_status: int, left: int, total: int) -> None:
        if progress is not None:
            progress(total - left, total)
        if left:
            time.sleep(_PAUSE)

    try:
        make_private(target)
        reading, aside = connect_to_read(source, 10.0)
        with aside or nullcontext(), closing(reading), closing(sqlite3.connect(target)) as writing:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            writing.execute("PRAGMA synchronous = OFF")  # one fsync at the end is enough
            reading.backup(writing, pages=_PAGES, progress=step)
            reading.rollback()
            writing.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise translate(error, source) from error
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _copy_files(read: Read, source: FileStore, target: FileStore, manifest: Manifest, told: Progress) -> None:
    total, last, seen = read(lambda c: c.value("SELECT COUNT(*) FROM file")), 0, 0
    while page := read(lambda c: consistency.named_files(c, last)):  # noqa: B023
        last = page[-1].id
        for file in page:
            told("copying uploads", seen, total)
            seen += 1
            copy = target.path(file.sha256)
            if copy.exists() or file.sha256 in manifest.missing:
                continue
            if link_or_copy(source.path(file.sha256), copy, file.sha256, file.size):
                manifest.files += 1
                manifest.bytes += file.size
            else:
                manifest.missing.append(file.sha256)


def link_or_copy(source: Path, target: Path, sha256: str, size: int) -> bool:
    """Give `source` a second name, or copy it and compare the hash; False if it is damaged or gone."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if source.stat().st_size != size:
            return False
        os.link(source, target)
    except FileNotFoundError:
        return False
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
        if digest(target) != sha256:
            target.unlink()
            return False
    return True


def sync_tree(folder: Path) -> None:
    """Make everything below `folder` outlive a power cut."""
    for place, _folders, names in os.walk(folder):
        for name in names:
            with (Path(place) / name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(place))
