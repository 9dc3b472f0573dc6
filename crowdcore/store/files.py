"""Uploaded files, kept by what is in them: `ab/cd/<sha256>`.

A file appears under its final name only when all of it is on the disk, so the database may name it in
the next transaction. The same content is stored once.

Until that transaction the name is claimed by `incoming/<sha256>.<token>.claim` (`.held` if the content was there
before), so that what no transaction names can be told and deleted, by whoever claimed it or by `sweep`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from crowdcore.errors import StoreError

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredFile:
    """A finished upload: the hash of its content (64 hex digits) and its size in bytes."""

    sha256: str
    size: int


class FileStore:
    """A folder of files named by their content; safe for many threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"

    def incoming(self) -> IncomingFile:
        """A new upload: `with store.incoming() as f: f.write(chunk) …; stored = f.finish()`.

        Left without finish(), it leaves nothing behind. Raises StoreError if the disk is full or the
        folder cannot be written to.
        """
        try:
            make_folders(self._incoming)
            return IncomingFile(self)
        except OSError as error:
            raise _unusable(self.folder, error) from error

    def path(self, sha256: str) -> Path:
        """Where the file with this hash lies, whether it is there or not; StoreError for a malformed hash."""
        if not _SHA256.fullmatch(sha256):
            raise StoreError(f"{sha256[:80]!r} is not the SHA-256 of a file (64 digits 0-9 a-f)")
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """The file's content, for reading; StoreError if there is no such file."""
        path = self.path(sha256)
        try:
            return path.open("rb")
        except FileNotFoundError as error:
            raise StoreError(f"{path} is missing: put it back from a copy of the data directory") from error

    def sweep(self, max_age: float, is_named: Callable[[str], bool] = lambda _: True) -> int:
        """Delete what was left for `max_age` seconds by processes that died: unfinished uploads, and files that they
        claimed and no transaction named (`is_named` of a hash: whether the database does). How many."""
        oldest = time.time() - max_age
        swept = 0
        for left in sorted(self._incoming.glob("*.*")):
            with suppress(FileNotFoundError):  # finished or swept by another process just now
                if left.stat().st_mtime > oldest:
                    continue
                if left.suffix == ".swept":
                    self._put_back_or_drop(left, is_named)
                elif left.suffix == ".claim":
                    swept += self.give_up(left, is_named)
                else:
                    left.unlink()
                    swept += left.suffix == ".part"
        return swept

    def claim(self, sha256: str) -> Path:
        """Say that a file with this hash is about to get its name, and that a transaction will name it."""
        kind = "held" if self.path(sha256).exists() else "claim"
        claim = self._incoming / f"{sha256}.{secrets.token_hex(8)}.{kind}"
        claim.touch(mode=0o600)
        return claim

    def give_up(self, claim: Path, is_named: Callable[[str], bool]) -> bool:
        """No transaction names what was claimed: delete it, unless others claim or name it; whether it was deleted."""
        claim.unlink(missing_ok=True)
        sha256 = claim.name[:64]
        if claim.suffix != ".claim" or self._is_wanted(sha256, is_named):
            return False
        aside = self._incoming / f"{sha256}.{secrets.token_hex(8)}.swept"
        try:
            self.path(sha256).rename(aside)
        except FileNotFoundError:
            return False
        return self._put_back_or_drop(aside, is_named)

    def _put_back_or_drop(self, aside: Path, is_named: Callable[[str], bool]) -> bool:
        """Whether it is dropped. Who claims it from here on brings the bytes, and who did before is seen here."""
        sha256 = aside.name[:64]
        wanted = self._is_wanted(sha256, is_named)
        if wanted:
            with suppress(FileExistsError):
                os.link(aside, self.path(sha256))
                sync_folder(self.path(sha256).parent)
        aside.unlink(missing_ok=True)
        return not wanted

    def _is_wanted(self, sha256: str, is_named: Callable[[str], bool]) -> bool:
        claims = (self._incoming.glob(f"{sha256}.*.{kind}") for kind in ("claim", "held"))
        return any(any(found) for found in claims) or is_named(sha256)


class IncomingFile:
    """An upload on its way in; FileStore.incoming() makes it."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._hash = hashlib.sha256()
        self._size = 0
        self._claim: Path | None = None
        handle, name = tempfile.mkstemp(suffix=".part", dir=store.folder / "incoming")
        self._file = os.fdopen(handle, "wb")
        self._part = Path(name)

    def write(self, chunk: bytes) -> None:
        """Add bytes; StoreError if the disk is full."""
        try:
            self._file.write(chunk)
        except OSError as error:
            raise _unusable(self._store.folder, error) from error
        self._hash.update(chunk)
        self._size += len(chunk)

    def seal(self) -> StoredFile:
        """All of it is there, and on the disk, but not yet under its name. Raises StoreError if the disk is full."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise _unusable(self._store.folder, error) from error
        return StoredFile(self._hash.hexdigest(), self._size)

    def keep(self) -> None:
        """Put what is sealed under its name, claimed; when this returns, it outlives a power cut. Raises StoreError."""
        final = self._store.path(self._hash.hexdigest())
        try:
            self._claim = self._store.claim(final.name)
            make_folders(final.parent)
            # Also when the name is taken: the content is the same, and whoever took it may not have
            # synced the folder yet.
            self._part.replace(final)
            sync_folder(final.parent)
        except OSError as error:
            raise _unusable(self._store.folder, error) from error

    def settle(self) -> None:
        """A transaction names what was kept."""
        if self._claim is not None:
            self._claim.unlink(missing_ok=True)

    def give_up(self, is_named: Callable[[str], bool]) -> None:
        """No transaction names what was kept: see FileStore.give_up."""
        if self._claim is not None:
            self._store.give_up(self._claim, is_named)

    def finish(self) -> StoredFile:
        """seal, keep and settle: for who has nothing to ask first."""
        stored = self.seal()
        self.keep()
        self.settle()
        return stored

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # buffered bytes that do not fit any more
            self._file.close()
        self._part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(folder: Path) -> None:
    """Make a folder and those above it, closed to other users; they outlive a power cut. Raises OSError."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def make_private(file: Path) -> None:
    """Make an empty file that only its owner can read, whatever the umask, if there is none; others say why not."""
    with suppress(OSError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _unusable(folder: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(f"disk full: no room for an upload in {folder}; free some space and try again")
    return StoreError(f"{folder} cannot be written to ({error.strerror}): check owner and permissions")
