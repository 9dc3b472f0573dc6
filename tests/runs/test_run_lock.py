"""One process leads a run: on this machine, and among all machines of a PostgreSQL database."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import crowdcore
from crowdcore.base.paths import run_folder
from crowdcore.errors import RunError
from crowdcore.runs.deliver import deliver
from crowdcore.runs.lock import RunLock, is_led
from crowdcore.store import open_database
from crowdcore.testing.patience import PATIENCE
from tests.postgres import PostgresServer

CONFIG = {"task": {"name": "demo"}, "blueprint": {"type": "mock"}, "architect": {"type": "local", "port": 0}}


def test_another_machine_cannot_lead_the_same_run(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = postgres_server.new_database()
    handle = crowdcore.launch(CONFIG, data_dir=tmp_path / "here", db=url)
    try:
        with pytest.raises(RunError, match="run demo-1 is served by another machine already"):
            crowdcore.resume("demo-1", data_dir=tmp_path / "elsewhere", db=url)
        database = open_database(url, tmp_path / "elsewhere")
        assert deliver(database, [handle.id]) == [], "who serves it there sends what waits"
        database.close()
    finally:
        handle.stop()
    again = crowdcore.resume("demo-1", reload=True, data_dir=tmp_path / "elsewhere", db=url)
    again.stop()


def test_a_command_that_only_delivers_is_waited_for(tmp_path: Path) -> None:
    data = tmp_path / "data"
    crowdcore.launch(CONFIG, data_dir=data).stop()
    folder, database = run_folder(data, "demo-1"), open_database(None, data)
    delivering = RunLock(folder, "demo-1", 1, database, brief=True).acquire()
    assert not is_led(folder), "to others the run is served by nobody"
    resumed: list[crowdcore.RunHandle] = []
    waiting = threading.Thread(target=lambda: resumed.append(crowdcore.resume("demo-1", data_dir=data)))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    assert not resumed
    delivering.release()
    waiting.join(PATIENCE)
    assert is_led(folder)
    with pytest.raises(RunError, match="served by process"):
        RunLock(folder, "demo-1", 1, database).acquire()
    resumed[0].stop()
    database.close()
