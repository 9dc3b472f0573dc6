"""What tests of several folders share: both databases, each test its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the data or the secrets of whoever runs it."""
    monkeypatch.setenv("CROWD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("CROWD_DATABASE_URL", raising=False)


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
