"""A backup put back: looked through first, then moved into place; what was there is kept aside."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from crowdcore.errors import StoreError
from crowdcore.store.database import open_as_it_is
from crowdcore.store.engine import schema
from crowdcore.store.engine.acknowledged import SUFFIX
from crowdcore.store.files import FileStore, make_folders, sync_folder
from crowdcore.store.upkeep import postgres_tools
from crowdcore.store.upkeep.backup import Manifest, link_or_copy, sync_tree
from crowdcore.store.upkeep.check import Progress, file_faults, sqlite_path
from crowdcore.store.upkeep.consistency import digest

_PARTS = ("files", "runs")
_SIDE_FILES = ("", "-wal", "-shm", "-journal", SUFFIX)


def restore(
    backup: Path, url: str | None, data_dir: Path, *, force: bool = False, progress: Progress | None = None
) -> Path | None:
    """Put the backup in the folder `backup` in the place of the database at `url` and of the files in `data_dir`.

    Both have to be empty, unless `force`: then what is there is moved into the folder that is returned. A server on
    PostgreSQL needs an empty database in any case. Nothing is touched unless the backup is whole. Raises StoreError.
    """
    told = progress or (lambda _what, _done, _total: None)
    manifest = Manifest.read(backup)
    database = sqlite_path(url, data_dir)
    if (manifest.dialect == "sqlite") != (database is not None):
        other = "--db postgresql://user@host/name" if manifest.dialect == "postgresql" else "without --db"
        raise StoreError(f"{backup} is a backup of {manifest.dialect}: restore it {other}")
    _not_newer(manifest, backup)
    occupied = [str(path) for path in _present(database, data_dir)]
    if occupied and not force:
        raise StoreError(f"{occupied[0]} is there already: --force moves it aside, --data-dir names another place")
    if database is None:
        _empty_server(url, data_dir)
    try:
        make_folders(data_dir)
        staged = data_dir / f"restore-{_stamp()}.partial"
        staged.mkdir(mode=0o700)
        try:
            _stage(backup, staged, manifest, told)
            aside = _move_aside(database, data_dir) if occupied else None
            _move_in(staged, database, data_dir, url)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        why = error.strerror or error
        raise StoreError(
            f"{error.filename or data_dir} cannot be written ({why}): see what is in {data_dir}"
        ) from error
    return aside


def _stage(backup: Path, staged: Path, manifest: Manifest, told: Progress) -> None:
    """Copy the backup beside its place, comparing every hash; StoreError with the first that differs."""
    told("copying the database", 0, 0)
    copy = staged / manifest.database
    source = backup / manifest.database
    if not source.is_file():
        raise StoreError(f"{source} is gone: nothing is restored, take another backup")
    shutil.copyfile(source, copy)
    if digest(copy) != manifest.sha256:
        raise StoreError(f"{backup / manifest.database} has another hash: nothing is restored, take another backup")
    if manifest.dialect == "sqlite":
        for fault in file_faults(copy, progress=told):
            raise StoreError(
                f"{fault.what.replace(str(staged), str(backup))}: nothing is restored, take another backup"
            )
    kept, target, done = FileStore(backup / "files"), FileStore(staged / "files"), 0
    for path in _uploads(kept.folder):
        told("copying uploads", done, manifest.files)
        done += 1
        if digest(path) != path.name or not link_or_copy(path, target.path(path.name), path.name, path.stat().st_size):
            raise StoreError(f"{path} is damaged: nothing is restored, take another backup")
    if done != manifest.files:
        raise StoreError(f"{backup} has {done} of {manifest.files} uploads: nothing is restored, take another backup")
    if (backup / "runs").is_dir():
        shutil.copytree(backup / "runs", staged / "runs")
    sync_tree(staged)


def _uploads(folder: Path) -> Iterator[Path]:
    for place, _folders, names in os.walk(folder):
        for name in sorted(names):
            yield Path(place) / name


def _present(database: Path | None, data_dir: Path) -> Iterator[Path]:
    """What a restore would overwrite."""
    if database is not None:
        yield from (path for side in _SIDE_FILES if (path := _beside(database, side)).exists())
    yield from (path for part in _PARTS if (path := data_dir / part).exists())


def _move_aside(database: Path | None, data_dir: Path) -> Path:
    """Everything that is in the way, into a folder of its own, by renaming."""
    aside = data_dir / f"before-restore-{_stamp()}"
    aside.mkdir(mode=0o700)
    for path in list(_present(database, data_dir)):
        try:
            path.rename(aside / path.name)
        except OSError:  # a database that is on another file system than the data directory
            path.rename(path.with_name(f"{path.name}.{aside.name}"))
    sync_folder(aside)
    sync_folder(data_dir)
    return aside


def _move_in(staged: Path, database: Path | None, data_dir: Path, url: str | None) -> None:
    """The database comes last: until then there is none, and every command says so."""
    for part in _PARTS:
        if (staged / part).exists():
            (staged / part).rename(data_dir / part)
    if database is None:
        opened = open_as_it_is(url, data_dir)
        postgres_tools.load(opened.url, opened.describe(), staged / "crowd.dump")
        opened.close()
    else:
        make_folders(database.parent)
        part_of_it = _beside(database, ".restored")
        shutil.move(staged / "crowd.db", part_of_it)
        part_of_it.rename(database)
        sync_folder(database.parent)
    sync_folder(data_dir)


def _empty_server(url: str | None, data_dir: Path) -> None:
    database = open_as_it_is(url, data_dir)
    try:
        if database.read(schema.stored_version) is not None:
            raise StoreError(
                f"{database.describe()} is not empty: createdb another one, and name it with --db postgresql://…"
            )
    finally:
        database.close()


def _not_newer(manifest: Manifest, backup: Path) -> None:
    schema.check(manifest.schema, schema.SHIPPED, str(backup))


def _beside(path: Path, side: str) -> Path:
    return path.with_name(path.name + side)


def _stamp(clock: Callable[[], float] = time.time) -> str:
    return time.strftime("%Y%m%d-%H%M%S", time.localtime(clock()))
