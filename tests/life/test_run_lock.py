"""One process leads a run: on this machine, and among all machines of a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import pytest

import crowdcore
from crowdcore.errors import RunError
from tests.postgres import PostgresServer

CONFIG = {"task": {"name": "demo"}, "blueprint": {"type": "mock"}, "architect": {"type": "local", "port": 0}}


def test_another_machine_cannot_lead_the_same_run(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = postgres_server.new_database()
    handle = crowdcore.launch(CONFIG, data_dir=tmp_path / "here", db=url)
    try:
        with pytest.raises(RunError, match="run demo-1 is served by another machine already"):
            crowdcore.resume("demo-1", data_dir=tmp_path / "elsewhere", db=url)
    finally:
        handle.stop()
    again = crowdcore.resume("demo-1", reload=True, data_dir=tmp_path / "elsewhere", db=url)
    again.stop()
