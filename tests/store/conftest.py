"""The store, open on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crowdcore.store import Database, open_database
from tests.postgres import PostgresServer


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """A folder on the disk, not in memory: what is answered there has to be on it."""
    return disk_path


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of an empty database whose commits outlive a crash: that is what these tests are about."""
    return postgres_server.new_database()


@pytest.fixture
def opened(database_url: str, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Opens the test's database, as often as wanted; all are closed at the end."""
    databases: list[Database] = []

    def open_it() -> Database:
        databases.append(open_database(database_url, tmp_path / "data"))
        return databases[-1]

    yield open_it
    for database in databases:
        database.close()


@pytest.fixture
def db(opened: Callable[[], Database]) -> Database:
    """The test's database, open."""
    return opened()
