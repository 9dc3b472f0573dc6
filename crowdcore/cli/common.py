"""What the verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from crowdcore import paths
from crowdcore.store import open_database

if TYPE_CHECKING:
    from crowdcore.store import Database


@contextmanager
def open_store() -> Iterator[Database]:
    """The database of this machine, as the global options and the environment say; StoreError if there is none."""
    database = open_database(paths.database_url(), paths.data_dir(), create=False)
    try:
        yield database
    finally:
        database.close()


def when(at: float | None) -> str:
    """A time for people: local, to the second; empty for None."""
    return "" if at is None else datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
