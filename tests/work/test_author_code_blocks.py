"""The code of an AgentState that takes long holds up its own worker, and nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import pytest

from crowdcore import AgentState, hookimpl
from crowdcore.base import limiter
from crowdcore.base.limiter import Limit
from crowdcore.testing import Browserless
from crowdcore.testing.patience import PATIENCE
from tests.work.conftest import Launch


class Gate:
    """Where the first call of a method (or `every` one) waits until it is let go."""

    def __init__(self, method: str) -> None:
        self.method, self.reached, self.go = method, threading.Event(), threading.Event()
        self.every = False
        self._first = threading.Lock()

    def passed(self, method: str) -> None:
        if method == self.method and (self.every or self._first.acquire(blocking=False)):
            self.reached.set()
            self.go.wait(PATIENCE)


@dataclass
class Blocking(AgentState):
    """Each method passes the gate."""

    gate: ClassVar[Gate]

    def set_init_state(self, item: Any) -> None:
        self.gate.passed("set_init_state")
        super().set_init_state(item)

    def get_init_state(self) -> Any:
        self.gate.passed("get_init_state")
        return super().get_init_state()

    def update_submit(self, data: Any, files: list[dict[str, Any]]) -> None:
        self.gate.passed("update_submit")
        super().update_submit(data, files)

    def save_data(self) -> str:
        if self.data:
            self.gate.passed("save_data")
        return super().save_data()

    @classmethod
    def load_data(cls, text: str) -> Self:
        cls.gate.passed("load_data")
        return super().load_data(text)


class Task:
    """A task whose state is `Blocking`."""

    @hookimpl
    def agent_state(self) -> type[AgentState]:
        return Blocking


METHODS = ["set_init_state", "get_init_state", "load_data", "update_submit", "save_data"]


@pytest.fixture(params=METHODS)
def gate(request: pytest.FixtureRequest) -> Iterator[Gate]:
    """A gate at one of the methods, closed until the test ends."""
    gate = Gate(request.param)
    yield gate
    gate.go.set()


def work(run: Any, name: str) -> list[int]:
    page = Browserless(run.url, worker_id=name, assignment_id=name).enter()
    codes = [page.reply.status_code]
    return codes if codes != [201] else [*codes, page.submit({"text": name}).status_code]


def launched(launch: Launch, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Any:
    passing = Gate("")
    monkeypatch.setattr(Blocking, "gate", passing, raising=False)
    run = launch(hooks=[Task()])  # a launch tries the class itself
    monkeypatch.setattr(Blocking, "gate", gate)
    return run


def test_others_are_served_meanwhile(launch: Launch, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limiter.LIMITS, "state", Limit(16, PATIENCE, per_key=2))  # type: ignore[index, unused-ignore]
    run = launched(launch, gate, monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(work, run, "x")
        assert gate.reached.wait(PATIENCE)
        assert work(run, "y") == [201, 200]
        assert not first.done()
        gate.go.set()
        assert first.result(PATIENCE) == [201, 200]


@pytest.mark.parametrize("gate", ["get_init_state", "save_data"], indirect=True)
def test_the_worker_may_try_again_and_the_operator_is_told_once(
    launch: Launch, gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(limiter.LIMITS, "state", Limit(16, 2.0, per_key=2))  # type: ignore[index, unused-ignore]
    gate.every = True
    run = launched(launch, gate, monkeypatch)
    for name in ("x", "y"):
        page = Browserless(run.url, worker_id=name, assignment_id=name).enter()
        if page.reply.status_code == 201:
            page.submit({"text": name})
        assert (page.reply.status_code, page.code) == (503, "busy")
        assert int(page.reply.headers["Retry-After"]) >= 1
    told = [m for m in caplog.messages if f"Blocking.{gate.method}" in m]
    assert len(told) == 1
    assert "took longer than 2 seconds" in told[0]
    gate.go.set()
    assert work(run, "z") == [201, 200]
