"""Which files an SQLite database is: that they were deleted or replaced under it, and who else has them open."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

_LOG_FILES = ("-wal", "-shm")
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
"""Bytes of the file on which each connection holds a read lock for as long as it is open (SQLite's file format)."""
_FLOCK = "hhqqi"
"""struct flock of 64-bit Linux; elsewhere nobody is asked."""
_CAN_ASK = sys.platform == "linux" and struct.calcsize("P") == 8

Identity = tuple[int, int]


class Place:
    """The file that is opened under a path. `writers` counts this process's writing connections to each."""

    writers: ClassVar[Counter[Path]] = Counter()
    _guard = threading.Lock()

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Identity | None = None
        self._handle = -1

    def note(self) -> None:
        """A connection was opened: from the first one on, the file there is the one that counts."""
        if self._file is None:
            self._file = identity(self.path)

    def wrong(self) -> str | None:
        """Why what is opened is not what lies there; None if it is. Takes a few microseconds."""
        if self._file is None or identity(self.path) == self._file:
            return None
        return self.gone(self.path)

    @staticmethod
    def gone(file: Path) -> str:
        """What to tell people."""
        return (f"{file} was deleted or replaced while it is in use, so nothing is stored any more: put it back, "
                "or stop this process and ask `crowd db check`")  # fmt: skip

    def log_files(self) -> dict[Path, Identity | None]:
        """The files beside it, which stay the same for as long as a connection is open."""
        beside = [self.path.with_name(self.path.name + suffix) for suffix in _LOG_FILES]
        return {path: identity(path) for path in beside}

    def opened_to_write(self, by: int) -> None:
        """Count this process's writing connections."""
        with self._guard:
            self.writers[self.path] += by

    def is_shared(self) -> bool:
        """Whether another process has the database open, or a second writer of this one; True if nobody can tell."""
        if self.writers[self.path] > 1 or not _CAN_ASK:
            return True
        handle = self._own_handle()
        if handle is None:
            return True
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _SHARED_FIRST, _SHARED_SIZE, 0)
        try:  # it only asks: locks of this process are no answer, those of others are
            answer = fcntl.fcntl(handle, fcntl.F_GETLK, asked)
        except OSError:
            return True
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)

    def _own_handle(self) -> int | None:
        """One of SQLite's own handles on the file. To open and close another one would lose all locks on it (POSIX)."""
        if self._handle >= 0 and self._is_it(self._handle):
            return self._handle
        with suppress(OSError):
            for entry in Path("/proc/self/fd").iterdir():
                if self._is_it(int(entry.name)):
                    self._handle = int(entry.name)
                    return self._handle
        return None

    def _is_it(self, handle: int) -> bool:
        try:
            found = os.fstat(handle)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._file


def identity(path: Path) -> Identity | None:
    """Which file lies there: it is another one after a replacement. None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
