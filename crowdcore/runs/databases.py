"""One Database per place in this process, however many of its runs are served here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from crowdcore.store import Database, open_database

ANSWER = 8.0
"""Seconds that one statement may take while people wait for it."""

_open: dict[tuple[str | None, Path], tuple[Database, int]] = {}
_open_lock = threading.Lock()


def shared_database(url: str | None, data: Path) -> tuple[Database, Callable[[], None]]:
    """The database and what gives it back: two writers of one process would only wait for each other."""
    key = (url, data.absolute())
    with _open_lock:
        database, users = _open.get(key) or (open_database(url, data, answer=ANSWER), 0)
        _open[key] = (database, users + 1)
    released = threading.Event()

    def release() -> None:
        if released.is_set():
            return
        released.set()
        with _open_lock:
            shared, count = _open[key]
            if count > 1:
                _open[key] = (shared, count - 1)
                return
            del _open[key]
        shared.close()

    return database, release
