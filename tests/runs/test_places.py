"""What a platform is asked to offer: an absolute number of places, one for each visit, remembered over resumes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crowdcore import ConfigError, CrowdError, RunHandle, hookimpl, launch, resume
from crowdcore.testing import Browserless, ManualClock, until

TASK: dict[str, Any] = {
    "task": {"name": "t", "reward": "0.10"}, "provider": {"type": "inhouse"}, "architect": {"type": "local", "port": 0},
}  # fmt: skip


class Market:
    """Counts the places that it was asked to add, and remembers the totals that it was told."""

    def __init__(self) -> None:
        self.offered = 0
        self.totals: list[int] = []
        self.setups: list[str] = []
        self.broken = ""
        self.expired = 0
        self.returned: list[str] = []
        self.answers: list[bool] = []

    @hookimpl
    def provider_setup(self, url: str) -> None:
        """Keep the address."""
        self.setups.append(url)

    @hookimpl
    def provider_launch(self, places: int, total: int) -> None:
        """Add them."""
        self._add(places, total)

    @hookimpl
    def provider_extend(self, places: int, total: int) -> None:
        """Add them."""
        self._add(places, total)

    @hookimpl
    def provider_expire(self) -> float:
        """Nobody can come any more."""
        self.expired += 1
        return 0.0

    @hookimpl
    def provider_sync(self, run: Any) -> None:
        """Pass on what was given back."""
        while self.returned:
            self.answers.append(run.visit_returned(self.returned.pop()))

    def _add(self, places: int, total: int) -> None:
        if self.broken:
            raise ConnectionError(self.broken)
        self.offered += places
        self.totals.append(total)
        assert self.offered == total


Serve = Callable[..., RunHandle]


@pytest.fixture
def market() -> Market:
    """A platform."""
    return Market()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def run(tmp_path: Path, database_url: str, market: Market, clock: ManualClock) -> Iterator[Serve]:
    """`run(items=4, gates={…})` launches, `run("t-1")` resumes what was stopped; the market is the platform."""
    handles: list[RunHandle] = []

    def serve(name: str = "", items: int = 4, **sections: Any) -> RunHandle:
        where: dict[str, Any] = {"data_dir": tmp_path / "data", "db": database_url, "hooks": [market], "clock": clock}
        blueprint = {"type": "mock", "num_assignments": items, **sections.pop("blueprint", {})}
        handle = resume(name, **where) if name else launch({**TASK, "blueprint": blueprint, **sections}, **where)
        handle.launched()
        handles.append(handle)
        return handle

    yield serve
    for handle in handles:
        handle.stop()


def test_a_resume_offers_nothing_again(run: Serve, market: Market) -> None:
    first = run()
    until(lambda: market.offered == 4)
    first.stop()
    for n in range(1, 4):
        handle = run("t-1")
        assert len(market.setups) == n + 1, "the address may be another one"
        Browserless(handle.url, worker_id=f"w{n}").enter().submit({"text": "a"})
        until(lambda handle=handle, n=n: handle.counters.done == n)
        handle.stop()
        assert market.offered == market.totals[-1] == 4


def test_what_is_launched_after_a_resume_is_offered_once(run: Serve, market: Market) -> None:
    first = run(items=9, blueprint={"launch_ahead": 3})
    until(lambda: market.offered == 3)
    first.stop()
    second = run("t-1")
    for n in range(4):
        until(lambda n=n: market.offered >= min(9, 3 + n))
        assert Browserless(second.url, worker_id=f"w{n}").enter().submit({"text": "a"}).is_success
    until(lambda: market.offered == 7)
    second.stop()
    third = run("t-1")
    assert third.counters.done == 4
    assert market.offered == market.totals[-1] == 7


def test_a_launch_that_the_platform_refused_is_made_by_the_resume(run: Serve, market: Market) -> None:
    market.broken = "out of order"
    with pytest.raises((ConfigError, CrowdError)):
        run()
    market.broken = ""
    second = run("t-1")
    until(lambda: market.offered == 4)
    second.stop()
    run("t-1")
    assert market.offered == 4


@pytest.mark.parametrize(("items", "session", "places"), [(4, 2, 2), (5, 2, 3), (4, 1, 4), (3, 9, 1)])
def test_a_place_is_for_a_visit_not_for_a_unit(
    run: Serve, market: Market, items: int, session: int, places: int
) -> None:
    handle = run(items=items, gates={"units_per_session": session})
    until(lambda: market.offered == places)
    page = Browserless(handle.url, worker_id="x", assignment_id="v1").enter()
    done = 0
    while page.submit({"text": "a"}).json()["next"] is not None:
        done += 1
    assert done + 1 == min(items, session)
    handle.stop()
    run("t-1")
    assert market.offered == places


def test_a_visit_that_ends_early_leaves_a_place_to_another(run: Serve, market: Market) -> None:
    handle = run(items=2, blueprint={"units_per_assignment": 2}, gates={"units_per_session": 4})
    until(lambda: handle.counters.open == 4)
    assert market.offered == 1
    page = Browserless(handle.url, worker_id="x").enter()
    assert page.submit({"text": "a"}).json()["next"] is not None
    assert page.submit({"text": "a"}).json()["next"] is None, "each item once"
    until(lambda: market.offered == 2)
    handle.stop()
    run("t-1")
    assert market.totals == [1, 2]


def test_what_was_withdrawn_from_the_platform_is_offered_again_when_the_run_goes_on(
    run: Serve, market: Market, clock: ManualClock
) -> None:
    handle = run(items=4, task={"name": "t", "reward": "0.10", "patience": "1h", "assignment_duration": "9h"})
    until(lambda: market.offered == 4)
    assert Browserless(handle.url, worker_id="x").enter().submit({"text": "a"}).is_success
    Browserless(handle.url, worker_id="y").enter()
    until(lambda: handle.counters.submissions == 1)
    clock.advance(3601)
    until(lambda: market.expired == 1)
    market.offered -= 3  # the platform has none left but the one that was used
    for _ in range(2):
        handle.stop()
        handle = run("t-1")
        assert market.offered == market.totals[-1] == 4, "what is open is offered again, once"
    assert Browserless(handle.url, worker_id="z").enter().reply.is_success


def test_what_was_submitted_is_not_given_back_and_that_is_said_once(
    run: Serve, market: Market, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    handle = run()
    assert Browserless(handle.url, worker_id="x", assignment_id="A1").enter().submit({"text": "a"}).is_success
    Browserless(handle.url, worker_id="y", assignment_id="A2").enter()
    caplog.set_level(logging.INFO)
    for n in range(1, 3):
        market.returned = ["A1", "A2", "A3"]
        until(lambda n=n: len(market.answers) == 3 * n or clock.advance(5))
    assert market.answers == [False, True, False, False, False, False]
    said = [record for record in caplog.records if "given back" in record.getMessage()]
    assert [(record.levelname, record.getMessage().split("'")[1]) for record in said] == [
        ("INFO", "A3"), ("WARNING", "A1")
    ]  # fmt: skip
    assert handle.counters.owed == handle.counters.pay
