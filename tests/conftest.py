"""What tests of several folders share: both databases, each test its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from crowdcore.testing.patience import PATIENCE
from tests.databases import Databases
from tests.folders import DISK, use_memory
from tests.marks import mark, rank
from tests.postgres import PostgresServer

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # a machine that is busy with other things makes examples slowly, and runs them slowly

use_memory()


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what each test uses; the long ones come first."""
    for item in items:
        mark(item)
    items.sort(key=rank)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the data or the secrets of whoever runs it."""
    monkeypatch.setenv("CROWD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("CROWD_DATABASE_URL", raising=False)


@pytest.fixture(autouse=True)
def _units_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes before the next unit is launched waits for it, however long that takes here."""
    monkeypatch.setattr("crowdcore.runs.open.MORE_SECONDS", PATIENCE)


@pytest.fixture
def disk_path(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder on a disk; it is kept if the test fails."""
    folder, failed = Path(tempfile.mkdtemp(prefix="crowdcore-", dir=DISK)), request.session.testsfailed
    yield folder
    if request.session.testsfailed == failed:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process's own, as durable as a real one: for tests about what outlives what."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def quick_postgres() -> Iterator[PostgresServer]:
    """The same without waiting for the disk, for all other tests."""
    server = PostgresServer(durable=False, below=Path(tempfile.gettempdir()))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def databases(quick_postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases of the quick server with all tables and no rows."""
    return Databases(quick_postgres, tmp_path_factory.mktemp("tables"))


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """The address of this test's own database on PostgreSQL, with tables and no rows."""
    url = databases.take()
    yield url
    databases.give_back(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that does not exist yet (SQLite) or has no rows (PostgreSQL)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/crowd.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
