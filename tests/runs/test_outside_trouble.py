"""What comes from outside in the middle of a submission: another program's lock, a line that breaks."""

from __future__ import annotations

import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

import crowdcore
from crowdcore import hookimpl
from crowdcore.store import open_database
from crowdcore.testing import Browserless
from crowdcore.testing.patience import PATIENCE
from crowdcore.testing.server import until
from tests.chaos import checks
from tests.runs.conftest import Launch


def test_a_database_that_another_program_locks_is_waited_for(launched: Launch, tmp_path: Path) -> None:
    handle = launched()
    person = Browserless(handle.url, worker_id="x").enter()
    with (
        closing(sqlite3.connect(tmp_path / "data" / "crowd.db", isolation_level=None, timeout=PATIENCE)) as other,
        ThreadPoolExecutor(1) as threads,
    ):
        other.execute("BEGIN IMMEDIATE")
        answer = threads.submit(person.submit, {"text": "x"})
        with pytest.raises(TimeoutError):
            answer.result(0.3)
        other.execute("COMMIT")
        assert answer.result(PATIENCE).status_code == 200


def test_a_database_that_is_locked_at_the_launch_is_waited_for_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crowdcore.runs.supervise.FIRST_UNITS", 0.01)
    offered: list[int] = []

    class Locked:
        @hookimpl
        def provider_setup(self) -> None:
            other.execute("BEGIN IMMEDIATE")

        @hookimpl
        def provider_launch(self, places: int) -> None:
            offered.append(places)

    config = {"task": {"name": "demo"}, "blueprint": {"type": "mock"}, "architect": {"type": "local", "port": 0}}
    open_database(None, tmp_path / "data").close()
    with closing(
        sqlite3.connect(tmp_path / "data" / "crowd.db", isolation_level=None, check_same_thread=False)
    ) as other:
        handle = crowdcore.launch(config, data_dir=tmp_path / "data", hooks=[Locked()])
        try:
            assert handle.launched(0.3) is None
            other.execute("COMMIT")
            handle.launched()
            assert offered[0] > 0
        finally:
            handle.stop()


def test_half_an_upload_leaves_nothing_and_the_whole_one_counts(launched: Launch, tmp_path: Path) -> None:
    handle = launched()
    person = Browserless(handle.url, worker_id="x").enter()
    url, incoming = httpx.URL(handle.url), tmp_path / "data" / "files" / "incoming"
    head = (
        b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n{"text": "x"}\r\n'
        b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.txt"\r\n\r\n'
    )
    with socket.create_connection((url.host, url.port or 80)) as line:
        line.sendall(
            f"POST /api/v1/agents/{person.document['agent']}/submit HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {person.document['token']}\r\nContent-Length: 3000000\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
            + head
            + b"x" * 1_500_000
        )
        until(lambda: any(incoming.glob("*.part")))
    until(lambda: not any(incoming.iterdir()))
    assert person.call("GET", "").json()["phase"] == "work"
    assert person.submit({"text": "x"}, [("photo", ("a.txt", b"x" * 3_000_000))]).status_code == 200
    database = open_database(None, tmp_path / "data", create=False)
    assert checks.faults(database, handle.id) == []
    database.close()
