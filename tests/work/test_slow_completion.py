"""What a worker did is stored before anybody is asked how their visit ends."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crowdcore import Completion, hookimpl
from crowdcore.base import limiter
from crowdcore.base.limiter import Limit
from crowdcore.store import open_database
from crowdcore.store.queries import agents
from crowdcore.testing import Browserless, until
from crowdcore.testing.patience import PATIENCE
from tests.work.conftest import Launch

ELSEWHERE = Completion("redirect", "https://platform.example/done?code=C1")


class Slow:
    """Says how a visit ends as soon as `go` is set."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    @hookimpl
    def provider_complete(self) -> Completion:
        self.asked.set()
        self.go.wait(PATIENCE)
        return ELSEWHERE


def status(url: str, folder: Path, page: Browserless) -> tuple[str, str]:
    """Of the agent and of its visit."""
    db = open_database(url, folder, create=False)
    try:
        return db.read(lambda c: agents.statuses(c, page.document["agent"]))
    finally:
        db.close()


def test_an_answer_is_stored_while_the_provider_is_still_asked(
    launch: Launch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str
) -> None:
    monkeypatch.setitem(limiter.LIMITS, "completions", Limit(1, PATIENCE))  # type: ignore[index, unused-ignore]
    slow = Slow()
    run = launch(hooks=[slow])
    page = Browserless(run.url, worker_id="x", assignment_id="1").enter()
    with ThreadPoolExecutor(1) as pool:
        submitting = pool.submit(page.submit, {"text": "a"})
        assert slow.asked.wait(PATIENCE)
        before = status(database_url, tmp_path / "data", page)
        slow.go.set()
        first = submitting.result(PATIENCE).json()
    assert before == ("completed", "submitted")
    assert first["completion"] == ELSEWHERE.document()
    assert page.submit({"text": "another"}).json() == first
    assert page.call("GET", "").json()["completion"] == ELSEWHERE.document()


def test_one_that_hangs_holds_up_neither_the_answer_nor_anybody_else(
    launch: Launch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path, database_url: str
) -> None:
    monkeypatch.setitem(limiter.LIMITS, "completions", Limit(1, 0.05))  # type: ignore[index, unused-ignore]
    slow = Slow()
    run = launch(hooks=[slow])
    try:
        for name in ("x", "y"):  # the second one finds no free thread
            page = Browserless(run.url, worker_id=name, assignment_id=name).enter()
            answer = page.submit({"text": "a"})
            assert (answer.status_code, answer.json()["completion"]["kind"]) == (200, "thanks")
            assert status(database_url, tmp_path / "data", page) == ("completed", "submitted")
        until(lambda: run.counters.submissions == 2)
        assert [f"of worker {name} is stored" in caplog.text for name in ("x", "y")] == [True, True]
    finally:
        slow.go.set()
