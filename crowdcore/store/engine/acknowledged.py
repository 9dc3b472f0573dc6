"""A witness beside an SQLite database: how far it had come by what callers were told.

A database that lost its newest commits (its log was deleted, an older copy took its place) is whole in itself, and
nothing in it says that there was more. `crowd.db-acknowledged` does: the number of the newest event, written after
each commit, and what was found missing when the database was opened again. It is not waited for, so after a power
cut it may say less than there was, never more.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

SUFFIX = "-acknowledged"
_WIDTH = 20

log = logging.getLogger("crowdcore.store")


class Acknowledged:
    """The witness of the database at `path`. What cannot be written there is done without."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + SUFFIX)
        self._database = path
        self._handle = -1
        self._newest = 0

    def read(self) -> tuple[int, list[tuple[int, int]]]:
        """The newest event that anybody was told of (0: nobody knows), and gaps that were found: first, last."""
        try:
            lines = self.path.read_text(encoding="ascii").splitlines()
            gaps = [(int(first), int(last)) for _, first, last in (line.split() for line in lines[1:])]
            return int(lines[0]), gaps
        except (OSError, ValueError, IndexError):
            return 0, []

    def open(self, stored: int) -> None:
        """The database is opened for writing, and its newest event is `stored`: what is missing is kept, and said."""
        newest, _ = self.read()
        with suppress(OSError):
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if newest > stored:
                log.error("%s: events %d to %d were acknowledged and are gone; ask `crowd db check`",
                          self._database, stored + 1, newest)  # fmt: skip
                end = os.lseek(self._handle, 0, os.SEEK_END)
                os.pwrite(self._handle, f"lost {stored + 1} {newest}\n".encode(), end)
            self._newest = -1
            self.note(stored)

    def note(self, newest: int) -> None:
        """What was committed up to this event is about to be acknowledged."""
        if newest == self._newest or self._handle < 0:
            return
        self._newest = newest
        with suppress(OSError):
            os.pwrite(self._handle, f"{newest:0{_WIDTH}d}\n".encode(), 0)

    def close(self) -> None:
        """Nothing more is written."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1
