"""Patience and lifetime end a run; what was reviewed stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore import RunHandle
from crowdcore.review.decisions import Verdict, decide, submissions
from crowdcore.store import open_database
from crowdcore.store.queries import runs, units
from crowdcore.store.queries.reviews import Outcome
from crowdcore.testing import Browserless, Machine, ManualClock
from crowdcore.testing.server import until
from tests.chaos import checks
from tests.runs.conftest import Launch, Resume, let_end

DECISIONS: tuple[Outcome, ...] = ("accepted", "soft_rejected", "rejected")
HOUR = 3600.0


def submit(handle: RunHandle, name: str) -> None:
    assert Browserless(handle.url, worker_id=name).enter().submit({"text": name}).status_code == 200


def review(folder: Path, run_id: int, decisions: tuple[Outcome, ...]) -> None:
    """Decide on the run's completed units, in order."""
    database = open_database(None, folder, create=False)
    run = database.read(lambda c: runs.get(c, run_id))
    for work, outcome in zip(list(submissions(database, run)), decisions, strict=True):
        decide(database, [work.unit_id], Verdict(outcome))
    database.close()


def counts(folder: Path, run_id: int) -> dict[str, int]:
    database = open_database(None, folder, create=False)
    try:
        assert checks.faults(database, run_id, ended=True) == []
        return database.read(lambda c: units.counts(c, run_id))
    finally:
        database.close()


def test_patience_ends_a_run_and_leaves_reviewed_units_untouched(
    launched: Launch, clock: ManualClock, tmp_path: Path
) -> None:
    handle = launched(assignments=6, patience="1h")
    for name in ("x", "y", "z"):
        submit(handle, name)
    review(tmp_path / "data", handle.id, DECISIONS)
    until(lambda: handle.counters.units["rejected"])
    clock.advance(HOUR)
    assert let_end(handle, clock) == "nothing was submitted for so long that patience is over"
    assert counts(tmp_path / "data", handle.id) == {**dict.fromkeys(DECISIONS, 1), "expired": 3}


def test_lifetime_ends_a_run_and_leaves_reviewed_units_untouched(
    launched: Launch, clock: ManualClock, tmp_path: Path
) -> None:
    handle = launched(assignments=6, patience=0, lifetime="2h")
    for name in ("x", "y", "z"):
        submit(handle, name)
    review(tmp_path / "data", handle.id, DECISIONS)
    clock.advance(2 * HOUR)
    assert let_end(handle, clock) == "its lifetime is over"
    assert counts(tmp_path / "data", handle.id) == {**dict.fromkeys(DECISIONS, 1), "expired": 3}


def test_a_submission_starts_patience_anew(launched: Launch, clock: ManualClock) -> None:
    handle = launched(assignments=6, patience="1h")
    for count, name in enumerate(("x", "y", "z"), 1):
        clock.advance(0.9 * HOUR)
        submit(handle, name)
        until(lambda count=count: handle.counters.submissions == count)  # type: ignore[misc]
    assert Browserless(handle.url, worker_id="w").enter().document["phase"] == "work"


def status(folder: Path, run_id: int) -> str:
    database = open_database(None, folder, create=False)
    try:
        return database.read(lambda c: runs.get(c, run_id)).status
    finally:
        database.close()


def test_patience_lets_the_one_in_the_middle_finish(launched: Launch, clock: ManualClock, tmp_path: Path) -> None:
    handle = launched(patience="1h", assignment_duration="3h")
    person = Browserless(handle.url, worker_id="x").enter()
    clock.advance(HOUR)
    until(lambda: status(tmp_path / "data", handle.id) == "draining")
    assert Browserless(handle.url, worker_id="y").enter().code == "run_over"
    assert person.submit({"text": "late, but there"}).status_code == 200
    assert "patience" in let_end(handle, clock)
    assert handle.counters.units["completed"] == 1


@pytest.mark.parametrize("days", [0.55, 32, -3])
def test_a_machine_that_slept_or_a_clock_that_was_set_ends_nothing(
    launched: Launch, resumed: Resume, clock: ManualClock, tmp_path: Path, days: float
) -> None:
    handle = launched(assignments=6)
    submit(handle, "x")
    until(lambda: handle.counters.submissions == 1)
    clock.jump(days * 24 * HOUR)
    submit(handle, "y")
    until(lambda: handle.counters.submissions == 2)
    handle.stop()
    clock.jump(days * 24 * HOUR)
    handle = resumed(handle.name)
    clock.jump(days * 24 * HOUR)
    clock.advance(11 * HOUR)
    submit(handle, "z")
    until(lambda: handle.counters.submissions == 3)
    assert status(tmp_path / "data", handle.id) == "running"
    clock.advance(12.1 * HOUR)
    assert "patience" in let_end(handle, clock), "the time in which it is served still counts"


def test_a_drain_by_a_limit_is_taken_back_by_a_resume(
    launched: Launch, resumed: Resume, clock: ManualClock, tmp_path: Path
) -> None:
    handle = launched(assignments=6, patience="1h", assignment_duration="9h")
    Browserless(handle.url, worker_id="x").enter()
    clock.advance(HOUR)
    until(lambda: status(tmp_path / "data", handle.id) == "draining")
    assert Browserless(handle.url, worker_id="y").enter().code == "run_over"
    handle.stop()
    handle = resumed(handle.name)
    submit(handle, "y")
    assert status(tmp_path / "data", handle.id) == "running"


def test_an_outage_is_nobodys_lack_of_patience(launched: Launch, resumed: Resume, clock: ManualClock) -> None:
    handle = launched(patience="1h")
    handle.stop()
    clock.advance(5 * HOUR)
    handle = resumed(handle.name)
    assert Browserless(handle.url, worker_id="x").enter().document["phase"] == "work"


@pytest.mark.parametrize(
    ("limit", "raised"),
    [("patience", "9h"), ("lifetime", "9h"), ("patience", "0")],
    ids=["more", "lifetime", "off"],
)
def test_a_drain_by_a_limit_is_taken_back_by_raising_it(
    launched: Launch, clock: ManualClock, tmp_path: Path, limit: str, raised: str
) -> None:
    handle = launched(assignments=3, assignment_duration="20h", **{"patience": 0, "lifetime": "90h", limit: "1h"})
    person = Browserless(handle.url, worker_id="x").enter()
    clock.advance(HOUR)
    until(lambda: status(tmp_path / "data", handle.id) == "draining")
    assert Browserless(handle.url, worker_id="y").enter().code == "run_over"
    _crowd(tmp_path, "set", handle.name, f"task.{limit}={raised}")
    until(lambda: status(tmp_path / "data", handle.id) == "running")
    assert person.submit({"text": "x"}).status_code == 200
    for name in ("y", "z"):
        submit(handle, name)
    assert let_end(handle, clock) == "all units are done"
    assert counts(tmp_path / "data", handle.id) == {"completed": 3}


def test_a_drain_that_somebody_wants_is_not_taken_back(launched: Launch, clock: ManualClock, tmp_path: Path) -> None:
    handle = launched(assignments=3, patience="1h", assignment_duration="20h")
    person = Browserless(handle.url, worker_id="x").enter()
    clock.advance(HOUR)
    until(lambda: status(tmp_path / "data", handle.id) == "draining")
    _crowd(tmp_path, "stop", handle.name)
    _crowd(tmp_path, "set", handle.name, "task.patience=9h")
    assert person.submit({"text": "x"}).status_code == 200
    let_end(handle, clock)
    assert counts(tmp_path / "data", handle.id) == {"completed": 1, "expired": 2}


def _crowd(folder: Path, *words: str) -> None:
    done = Machine(folder).crowd(*words)
    assert done.returncode == 0, done.stderr
