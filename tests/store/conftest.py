"""Both databases for every test of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crowdcore.store import Database, open_database
from tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process's own."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that does not exist yet (SQLite) or is empty (PostgreSQL)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/crowd.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


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
