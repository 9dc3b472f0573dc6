"""Uploaded files, kept by what is in them: `ab/cd/<sha256>`.

A file appears under its final name only when all of it is on the disk, so the database may name it in
the next transaction. The same content is stored once.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
import time
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

    def sweep(self, max_age: float) -> int:
        """Delete unfinished uploads untouched for `max_age` seconds (their process died); how many."""
        oldest = time.time() - max_age
        swept = 0
        for part in self._incoming.glob("*.part"):
            with suppress(FileNotFoundError):  # finished or swept by another process just now
                if part.stat().st_mtime <= oldest:
                    part.unlink()
                    swept += 1
        return swept


class IncomingFile:
    """An upload on its way in; FileStore.incoming() makes it."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._hash = hashlib.sha256()
        self._size = 0
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

    def finish(self) -> StoredFile:
        """Put the file under its name; when this returns, it outlives a power cut.

        Raises StoreError if the disk is full.
        """
        stored = StoredFile(self._hash.hexdigest(), self._size)
        final = self._store.path(stored.sha256)
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            make_folders(final.parent)
            # Also when the name is taken: the content is the same, and whoever took it may not have
            # synced the folder yet.
            self._part.replace(final)
            sync_folder(final.parent)
        except OSError as error:
            raise _unusable(self._store.folder, error) from error
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
