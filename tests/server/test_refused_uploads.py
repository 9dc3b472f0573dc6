"""Files stay if a row names them: what comes with a refused, repeated or late form is gone with its answer."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle, hookimpl, resume
from crowdcore.store import FileStore
from crowdcore.testing import Browserless, ManualClock, serve, until
from crowdcore.work import service

FILE = ("f", ("a.txt", b"first"))
OTHER = ("f", ("a.txt", b"other bytes"))


class Strict:
    """Refuses one text."""

    @hookimpl
    def blueprint_validate(self, data: Any) -> dict[str, list[str]]:
        return {"text": ["no"]} if data.get("text") == "refused" else {}


def config(units: int = 9) -> dict[str, Any]:
    return {
        "task": {"name": "t", "assignment_duration": 60}, "blueprint": {"type": "mock", "num_assignments": units},
        "provider": {"type": "inhouse"},
    }  # fmt: skip


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def run(tmp_path: Path, clock: ManualClock) -> Iterator[RunHandle]:
    with serve(config(), data_dir=tmp_path / "data", clock=clock, hooks=[Strict()]) as handle:
        yield handle


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def kept(data: Path) -> list[bytes]:
    """The contents of all files that uploads have left behind."""
    return sorted(path.read_bytes() for path in (data / "files").rglob("*") if path.is_file())


def test_files_of_what_is_refused_are_gone(run: RunHandle, data: Path) -> None:
    page = Browserless(run.url, worker_id="x").enter()
    for _ in range(3):
        assert page.submit({"text": "refused"}, files=[FILE, OTHER]).status_code == 422
    for parts in (
        [("data", (None, b"[]")), FILE], [("data", (None, b"{")), FILE], [("more", (None, b"x")), FILE],
        [FILE, ("data", (None, b"{}")), ("data", (None, b"{}"))],
    ):  # fmt: skip
        assert page.call("POST", "/submit", files=parts).status_code == 422
    assert page.call("POST", "/files/f", files=[FILE, OTHER]).status_code == 422
    assert kept(data) == []
    assert page.submit({"text": "fine"}, files=[FILE]).is_success
    assert kept(data) == [b"first"]


def test_files_of_a_repeated_form_are_gone(run: RunHandle, data: Path) -> None:
    page = Browserless(run.url, worker_id="x").enter()
    for files in ([FILE], [OTHER], [FILE, OTHER]):
        assert page.submit({"text": "fine"}, files=files).is_success
    assert page.call("POST", "/files/f", files=[OTHER]).status_code == 409
    assert kept(data) == [b"first"]


def test_files_of_work_that_was_given_back_are_gone(run: RunHandle, data: Path) -> None:
    page = Browserless(run.url, worker_id="x").enter()
    page.call("POST", "/return")
    assert page.submit({"text": "fine"}, files=[FILE]).status_code == 409
    assert kept(data) == []


def test_of_late_forms_the_files_of_the_one_that_is_kept_stay(tmp_path: Path, clock: ManualClock, data: Path) -> None:
    with serve(config(1), data_dir=data, clock=clock) as run:
        slow = Browserless(run.url, worker_id="slow").enter()
        clock.advance(61)
        until(lambda: run.counters.agents["ended"] == 1)
        Browserless(run.url, worker_id="quick").enter()
        for files in ([FILE], [OTHER], [FILE, OTHER]):
            assert slow.submit({"text": "late"}, files=files).status_code == 409
        assert kept(data) == [b"first"]


@pytest.mark.parametrize("same", [False, True])
def test_of_forms_that_come_at_once_the_files_of_the_one_that_counts_stay(
    run: RunHandle, data: Path, same: bool
) -> None:
    for worker in "abcd":
        page = Browserless(run.url, worker_id=worker).enter()
        bodies = [b"the same" if same else f"{worker} {n}".encode() for n in range(6)]
        with ThreadPoolExecutor(6) as several:
            replies = list(
                several.map(lambda b, p=page: p.submit({"text": "x"}, files=[("f", ("a.txt", b))]), bodies)  # type: ignore[misc]
            )
        assert all(reply.is_success for reply in replies)
    left = kept(data)
    assert len(left) == (1 if same else 4), left
    assert not list((data / "files" / "incoming").iterdir())


def test_one_piece_of_work_has_so_many_bytes(run: RunHandle, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_BYTES", 12)
    page = Browserless(run.url, worker_id="x").enter()
    assert page.call("POST", "/files/f", files=[FILE]).is_success
    assert page.call("POST", "/files/f", files=[OTHER]).status_code == 413
    assert page.call("POST", "/files/f", files=[FILE]).is_success, "the rest fits"
    assert page.call("POST", "/files/f", files=[FILE]).status_code == 413
    assert kept(data) == [b"first"]


def test_what_a_process_that_died_had_named_for_nobody_is_swept(data: Path, clock: ManualClock) -> None:
    with serve(config(), data_dir=data, clock=clock) as run:
        page = Browserless(run.url, worker_id="x").enter()
        assert page.submit({"text": "x"}, files=[FILE]).is_success
    store, yesterday = FileStore(data / "files"), time.time() - 90_000
    for content in (b"first", b"of nobody", b"of nobody yet"):  # it died before, or after, the transaction
        upload = store.incoming()
        upload.write(content)
        upload.seal()
        upload.keep()
    for claim in (data / "files" / "incoming").iterdir():
        if store.path(claim.name[:64]).read_bytes() != b"of nobody yet":
            os.utime(claim, (yesterday, yesterday))
    handle = resume(run.name, data_dir=data)
    handle.stop()
    left = [path for path in (data / "files").rglob("*") if path.is_file() and "incoming" not in path.parts]
    assert sorted(path.read_bytes() for path in left) == [b"first", b"of nobody yet"]
