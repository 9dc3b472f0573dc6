"""Whether a database is whole: the file itself, its rows against its events, money, seats, uploads.

Works beside a running server: long parts are read in pages, and what has to agree is read in one snapshot.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from crowdcore.base.paths import folder_name
from crowdcore.errors import StoreBusy, StoreError
from crowdcore.store.database import Database, open_as_it_is
from crowdcore.store.engine import schema
from crowdcore.store.engine.acknowledged import Acknowledged
from crowdcore.store.engine.opening import connect_to_read, emptied, translate
from crowdcore.store.engine.sql import Conn
from crowdcore.store.files import FileStore
from crowdcore.store.upkeep import consistency, live_consistency
from crowdcore.store.upkeep.audit import Replay, play_on

Progress = Callable[[str, float, float], None]
"""Called now and then with (what is being done, how much of it, of how much); 0 of 0 where nobody knows."""

SHOWN = 20
"""Faults of one kind that are told one by one."""
_EVENTS = 2000
_PATIENCE = 10.0
_SIGNS_OF_LIFE = 200_000
"""Steps of SQLite's machine between two calls of Progress."""

_WAL = "crowd.db-wal (the file beside it that holds the newest commits)"
_RESTORE = "put back a backup: crowd db restore BACKUP --force"
_NOT_OURS = "keep a copy (crowd db backup), then put back a backup or report it: crowdcore alone never does this"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: what it is, and what to do about it."""

    what: str
    then: str

    def __str__(self) -> str:
        return f"{self.what}; {self.then}"


def check(
    url: str | None, data_dir: Path, *, quick: bool = False, progress: Progress | None = None, patience: float = 10.0
) -> Iterator[Fault]:
    """Yield every fault of the database at `url` (None: SQLite in `data_dir`) and of its files.

    `quick` leaves out what reads everything: indexes against tables, and the bytes of uploads. Raises StoreError
    if there is no database or it cannot be reached; nothing is made or migrated.
    """
    told = progress or (lambda _what, _done, _total: None)
    path = sqlite_path(url, data_dir)
    if path is not None and (fault := _gone(path, data_dir)) is not None:
        yield fault
        return
    if path is not None and path.exists():
        damaged = False
        for fault in _few(file_faults(path, quick=quick, progress=told), "such places"):
            damaged = True
            yield fault
        if damaged:  # what rows say means nothing then
            return
    database = open_as_it_is(url, data_dir, patience)
    try:
        yield from _tables(database, path, quick, told)
    finally:
        database.close()


def sqlite_path(url: str | None, data_dir: Path) -> Path | None:
    """The database file, None if it is on a server."""
    if url is None:
        return data_dir.absolute() / "crowd.db"
    return Path(url.removeprefix("sqlite:///")).absolute() if url.startswith("sqlite:///") else None


def file_faults(path: Path, *, quick: bool = False, progress: Progress | None = None) -> Iterator[Fault]:
    """What SQLite finds wrong with its file, references that lead nowhere included."""
    told = progress or (lambda _what, _done, _total: None)
    said = 0
    try:
        db, copy = connect_to_read(path, _PATIENCE)
        with copy or nullcontext(), closing(db):
            db.set_progress_handler(lambda: told(f"reading {path.name}", 0, 0), _SIGNS_OF_LIFE)
            for row in db.execute(f"PRAGMA {'quick_check' if quick else 'integrity_check'}"):
                for line in str(row[0]).splitlines():
                    if line != "ok" and not line.startswith("*** in database"):
                        said += 1
                        yield Fault(f"{path}: {line}", _RESTORE)
            if said:
                return
            for row in db.execute("PRAGMA foreign_key_check"):
                yield Fault(f"{path}: {row[0]} row {row[1]} belongs to a {row[2]} that is not there", _NOT_OURS)
    except StoreBusy:
        raise
    except (StoreError, sqlite3.Error) as error:
        failure = translate(error, path) if isinstance(error, sqlite3.Error) else error
        if isinstance(failure, StoreBusy):
            raise failure from error
        yield Fault(str(failure).partition(": `crowd db")[0], _RESTORE)


def _gone(path: Path, data_dir: Path) -> Fault | None:
    """The file is not there, or has 0 bytes, and was a database. To open it would delete its log."""
    if not path.exists() and Acknowledged(path).read()[0]:
        return Fault(f"{path} is gone; what belongs to it lies beside it", _RESTORE)
    if emptied(path, data_dir) is None:
        return None
    return Fault(f"{path} is empty: its tables are gone; what lies beside it says that it was a database", _RESTORE)


def _lost(database: Database, path: Path) -> Iterator[Fault]:
    """What callers were told of and is not there, though what is there agrees: its log began anew, or it is older."""
    witness = Acknowledged(path)
    newest, gaps = witness.read()  # before the database: a server may add to both
    stored = int(database.read(lambda c: c.value("SELECT MAX(id) FROM event")) or 0)
    if newest > stored:
        gaps.append((stored + 1, newest))
    for first, last in gaps:
        yield Fault(
            f"{path} had events {first} to {last}, which were acknowledged and are gone: it is older, or lost {_WAL}",
            f"put the right one back (crowd db restore BACKUP --force), or delete {witness.path} to go on without them",
        )


def _tables(database: Database, path: Path | None, quick: bool, told: Progress) -> Iterator[Fault]:
    version = database.read(schema.stored_version)
    if version is None:
        what = f"{database.describe()} is empty: its tables are gone, perhaps with a lost {_WAL}"
        yield Fault(what, _RESTORE)
        return
    if schema.check(version, schema.SHIPPED, database.describe()):
        yield Fault(
            f"{database.describe()} has schema {version}, this crowdcore {schema.SHIPPED.version}",
            "any other command migrates it (crowd runs); check it then",
        )
        return
    if path is not None:
        yield from _lost(database, path)
    yield from _few(_played(database, told), "such rows or events")
    told("comparing tables", 0, 0)
    for rule in (
        consistency.ledger,
        consistency.visits,
        consistency.seats,
        consistency.ordinals,
        *live_consistency.RULES,
    ):
        yield from _few(_broken(database, rule), "of the kind")
    yield from _few(_unknown_runs(database), "such folders")
    yield from _few(_uploads(database, quick, told), "such files")


def _played(database: Database, told: Progress) -> Iterator[Fault]:
    """Play all events in pages; the last page and the comparison with the rows share a snapshot."""
    player, lines = Replay(), list[str]()
    total = database.read(lambda c: c.value("SELECT MAX(id) FROM event") or 0)

    def end(conn: Conn) -> list[str]:
        while play_on(conn, player, lines.append, _EVENTS):
            pass
        return list(player.compare(conn))

    try:
        while database.read(lambda c: play_on(c, player, lines.append, _EVENTS)) == _EVENTS:
            told("replaying events", player.event, total)
            yield from (Fault(line, _NOT_OURS) for line in lines)
            lines.clear()
        found = database.read(end)
    except (StoreError, KeyError, TypeError, ValueError) as error:
        yield Fault(f"events after {player.event} cannot be read ({error})", _RESTORE)
        return
    yield from (Fault(line, _NOT_OURS) for line in [*lines, *found])


def _unknown_runs(database: Database) -> Iterator[Fault]:
    """Folders of runs that have no row: the database was replaced or lost its newest commits."""
    folder = database.folder / "runs"
    known = {folder_name(name) for name in database.read(lambda c: [r["name"] for r in c.all("SELECT name FROM run")])}
    for found in sorted(folder.iterdir()) if folder.is_dir() else ():
        if found.is_dir() and found.name not in known:
            yield Fault(
                f"{found} belongs to a run that the database does not know: it is older, or lost its {_WAL}",
                "put the right one back (crowd db restore BACKUP --force), or delete that folder",
            )


def _uploads(database: Database, quick: bool, told: Progress) -> Iterator[Fault]:
    store, seen, last, done = FileStore(database.folder / "files"), set[int](), 0, 0
    total = database.read(lambda c: c.value("SELECT COUNT(*) FROM file"))
    while page := database.read(lambda c: consistency.named_files(c, last)):  # noqa: B023
        last = page[-1].id
        for file in page:
            told("reading uploads", done, total)
            done += 1
            mark = hash(file.sha256)
            if mark in seen:
                continue
            seen.add(mark)
            try:
                fault = consistency.damaged(store, file.sha256, file.size, whole=not quick)
            except StoreError as error:
                fault = f"file row {file.id}: {error}"
            if fault:
                yield Fault(fault, f"copy files/{file.sha256[:2]}/{file.sha256[2:4]}/{file.sha256} from a backup")


def nameless(url: str | None, data_dir: Path) -> tuple[int, int]:
    """Files below `data_dir` that no row of the database names, and their bytes: they belong to another database that
    shares the folder, or to submissions that are just being stored. No fault; StoreError if there is no database."""
    database = open_as_it_is(url, data_dir)
    try:
        named, last = set[int](), 0
        while page := database.read(lambda c: consistency.named_files(c, last)):  # noqa: B023
            last = page[-1].id
            named.update(hash(file.sha256) for file in page)
    finally:
        database.close()
    sizes = [path.stat().st_size for path in (data_dir / "files").glob("??/??/*") if hash(path.name) not in named]
    return len(sizes), sum(sizes)


def _broken(database: Database, rule: Callable[[Conn], Iterator[str]]) -> Iterator[Fault]:
    try:
        lines = database.read(lambda c: list(rule(c)))
    except StoreError as error:
        lines = [str(error)]
    return (Fault(line, _NOT_OURS) for line in lines)


def _few(faults: Iterator[Fault], what: str) -> Iterator[Fault]:
    """The first of many, and how many more there are."""
    count = 0
    for fault in faults:
        count += 1
        if count <= SHOWN:
            yield fault
    if count > SHOWN:
        yield Fault(f"{count - SHOWN} more {what}", "what helps the first ones helps them")
