"""A platform that fails for a while: it is told once, tried again, and ends nobody's run."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.testing import Browserless, ManualClock, until
from tests.plugins.hooks.conftest import Served

OFFLINE = "the platform is offline"


class Platform:
    """Fails in the hooks named in `down`; counts the calls."""

    def __init__(self, *down: str) -> None:
        self.down = set(down)
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.down:
            raise ConnectionError(OFFLINE)

    @hookimpl
    def provider_pending(self) -> int:
        self._call("pending")
        return 0

    @hookimpl
    def provider_expire(self) -> float:
        self._call("expire")
        return 0.0

    @hookimpl
    def provider_sync(self) -> None:
        self._call("sync")

    @hookimpl
    def architect_shutdown(self) -> None:
        self._call("shutdown")

    @hookimpl
    def provider_cleanup(self) -> None:
        self._call("cleanup")


def finish(run: Any, clock: ManualClock) -> str:
    """Let time pass until the run has ended."""

    def ended() -> str | None:
        clock.advance(6)
        found: str | None = run.wait(0.1)
        return found

    return str(until(ended))


@pytest.mark.parametrize("hook", ["pending", "expire"])
def test_the_run_waits_for_a_platform_that_cannot_be_asked(
    served: Served, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock, platform = ManualClock(), Platform(hook)
    run = served(platform, units=1, clock=clock)
    Browserless(run.url, worker_id="x").enter().submit({"text": "1"})

    def tried() -> bool:
        clock.advance(6)
        assert run.wait(0.1) is None
        return platform.calls.count(hook) > 2

    until(tried)
    platform.down.clear()
    assert finish(run, clock) == "all units are done"
    messages = [r.getMessage() for r in caplog.records if OFFLINE in r.getMessage()]
    assert len(messages) == 1
    assert f"provider_{hook} of plugin hooks: ConnectionError: {OFFLINE}" in messages[0]


def test_what_is_left_after_the_end_is_told_and_the_rest_is_cleaned_up(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    clock, platform = ManualClock(), Platform("shutdown")
    run = served(platform, units=1, clock=clock)
    Browserless(run.url, worker_id="x").enter().submit({"text": "1"})
    assert finish(run, clock) == "all units are done"
    end = [call for call in platform.calls if call != "sync"]  # which runs beside everything else
    assert end[-2:] == ["shutdown", "cleanup"]
    assert "demo-1 is over, but something may be left: architect_shutdown of plugin hooks" in caplog.text


def test_changes_on_the_platform_are_fetched_now_and_then(served: Served) -> None:
    clock = ManualClock()
    given_back: list[str] = []

    class Returning:
        @hookimpl
        def provider_sync(self, run: Any) -> None:
            if not given_back:
                given_back.append("visit-1")
                run.visit_returned("visit-1")

    run = served(Returning(), units=1, clock=clock)
    worker = Browserless(run.url, worker_id="x", assignment_id="visit-1").enter()
    clock.advance(21)
    until(lambda: run.counters.agents["ended"] == 1)
    assert worker.call("PUT", "/draft", json={}).status_code == 409
    assert Browserless(run.url, worker_id="y", assignment_id="visit-2").enter().document["phase"] == "work"


def test_a_run_ends_only_when_nobody_can_arrive_any_more(served: Served) -> None:
    clock = ManualClock()
    asked: list[float] = []

    class Slow:
        @hookimpl
        def provider_expire(self) -> float:
            asked.append(clock.ticks())
            return 600.0

    run = served(Slow(), units=1, clock=clock)
    Browserless(run.url, worker_id="x").enter().submit({"text": "1"})

    def expired() -> bool:
        clock.advance(6)
        assert run.wait(0.1) is None
        return bool(asked)

    until(expired)
    assert finish(run, clock) == "all units are done"
    assert clock.ticks() - asked[0] >= 600.0
    assert len(asked) == 1
