"""What tests of several folders share: both databases, each test its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from crowdcore.store import open_database
from crowdcore.testing.patience import PATIENCE
from tests.postgres import PostgresServer

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # a machine that is busy with other things makes examples slowly, and runs them slowly


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the data or the secrets of whoever runs it."""
    monkeypatch.setenv("CROWD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("CROWD_DATABASE_URL", raising=False)


@pytest.fixture(autouse=True)
def _units_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes before the next unit is launched waits for it, however long that takes here."""
    monkeypatch.setattr("crowdcore.opening.MORE_SECONDS", PATIENCE)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process's own, as durable as a real one: for tests about what outlives what."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def quick_postgres() -> Iterator[PostgresServer]:
    """The same without waiting for the disk, for all other tests."""
    server = PostgresServer(durable=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_tables(quick_postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database of the quick server with all tables and no rows."""
    url = quick_postgres.new_database()
    open_database(url, tmp_path_factory.mktemp("tables")).close()
    return url.rpartition("/")[2]


@pytest.fixture
def postgres_url(quick_postgres: PostgresServer, postgres_tables: str) -> str:
    """The address of this test's own database on PostgreSQL, with tables and no rows."""
    return quick_postgres.new_database(postgres_tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that does not exist yet (SQLite) or has no rows (PostgreSQL)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/crowd.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
