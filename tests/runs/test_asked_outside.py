"""Where users look they see what the platform says of its account and the architect of the server; who is blocked
there gets no work here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from crowdcore import RunHandle, hookimpl
from crowdcore.testing import Browserless, Machine, ManualClock, serve, until
from crowdcore.types import Worker
from tests import web

TASK = """
task: {{name: demo}}
blueprint: {{type: mock, num_assignments: 5}}
provider: {{type: mock, balance: 12.50}}
architect: {{type: local, port: 0}}
hooks: hooks.py
args: {{status: {status}}}
"""
HOOKS = """
from crowdcore import hookimpl

@hookimpl
def architect_status(run):
    return run.args["status"]

@hookimpl
def provider_balance(run, inner):
    if (run.task_dir / "closed").exists():
        raise ConnectionError("the bank is closed")
    return inner()
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "task.yaml").write_text(TASK.format(status="up"))
    (tmp_path / "hooks.py").write_text(HOOKS)
    return Machine(tmp_path)


def test_the_balance_stands_in_the_line_of_a_launch_and_in_the_status(machine: Machine, tmp_path: Path) -> None:
    with machine.serve("run", "task.yaml") as served:
        assert "promised; balance 12.50 USD\n" in served.stdout
        said = machine.crowd("status").stdout.splitlines()
        assert "  balance    12.50 USD" in said
        assert "  server     up" in said
        facts = json.loads(machine.crowd("status", "--json").stdout)
        assert (facts["balance"], facts["server"]) == ("12.50 USD", "up")
        (tmp_path / "closed").touch()
        done = machine.crowd("status")
        assert done.returncode == 0, "a platform that is away hides nothing else"
        assert "  balance    unknown: provider_balance of plugin hooks.py: ConnectionError: the bank is" in done.stdout
        assert "  server     up" in done.stdout
    stopped = machine.crowd("status").stdout
    assert "  server " not in stopped, "nobody serves it"


def test_a_plugin_that_is_gone_is_said_where_its_answer_would_stand(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from crowdcore.testing.mock import MockProvider as Mine\n")
    text = TASK.format(status="up").replace("type: mock, balance: 12.50", "type: './mine.py:Mine'")
    (tmp_path / "task.yaml").write_text(text)
    with machine.serve("run", "task.yaml"):
        pass
    for kept in tmp_path.rglob("mine.py"):
        kept.unlink()
    done = machine.crowd("status")
    assert (done.returncode, "  units  " in done.stdout) == (0, True)
    assert "  balance    unknown: " in done.stdout


class Outside:
    """A platform and a machine, as a test says."""

    def __init__(self) -> None:
        self.blocked: set[str] = set()
        self.status: Any = "up"
        self.asked: list[str] = []
        self.error: Callable[[], object] | None = None

    @hookimpl
    def provider_is_blocked(self, worker: Worker) -> bool:
        self.asked.append(worker.name)
        if self.error is not None:
            self.error()
        return worker.name in self.blocked

    @hookimpl
    def architect_status(self) -> str:
        said: str = self.status
        return said


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def run(tmp_path: Path, outside: Outside, clock: ManualClock) -> Any:
    config = {"task": {"name": "demo"}, "blueprint": {"type": "mock", "num_assignments": 5},
              "provider": {"type": "mock"}}  # fmt: skip
    with serve(config, data_dir=tmp_path / "data", hooks=[outside], clock=clock) as found:
        yield found


def enter(run: RunHandle, name: str) -> Browserless:
    return Browserless(run.url, worker_id=name).enter()


def test_who_is_blocked_on_the_platform_gets_no_work(run: RunHandle, outside: Outside, clock: ManualClock) -> None:
    outside.blocked = {"x"}
    refused = enter(run, "x")
    assert (refused.reply.status_code, refused.code) == (403, "blocked")
    assert run.counters.units["assigned"] == 0
    outside.blocked = set()
    assert enter(run, "x").document["phase"] == "work", "a block is asked for again each time"
    y = enter(run, "y")
    assert outside.asked == ["x", "x", "y"]
    outside.blocked = {"y"}
    assert y.submit({"text": "a"}).is_success, "who is at work may finish"
    clock.advance(61)
    assert enter(run, "y").code == "blocked"


def test_no_block_is_remembered_for_a_minute(run: RunHandle, outside: Outside, clock: ManualClock) -> None:
    for _ in range(2):
        assert enter(run, "x").submit({"text": "a"}).is_success
    assert outside.asked == ["x"]
    clock.advance(61)
    enter(run, "x")
    assert outside.asked == ["x", "x"]


def test_a_platform_that_cannot_be_asked_lets_nobody_in_and_tells_the_operator(
    run: RunHandle, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ConnectionError("no route")

    outside.error = fail
    refused = enter(run, "x")
    assert (refused.reply.status_code, refused.code) == (502, "task_error")
    assert (
        "whether worker x is blocked: provider_is_blocked of plugin hooks: ConnectionError: no route (" in caplog.text
    )
    outside.error = None
    assert enter(run, "x").document["phase"] == "work", "nothing is kept against them"


def test_one_who_hangs_there_holds_nobody_who_is_at_work(run: RunHandle, outside: Outside) -> None:
    from threading import Thread

    x = enter(run, "x")
    free, hangs = Event(), Event()

    def wait() -> None:
        hangs.set()
        free.wait(60)

    outside.error = wait
    asking = Thread(target=enter, args=(run, "y"), daemon=True)
    asking.start()
    try:
        assert hangs.wait(60)
        assert x.submit({"text": "a"}).is_success
    finally:
        free.set()
        asking.join(60)


def test_a_server_that_is_down_is_a_trouble_until_it_is_up_again(
    run: RunHandle, outside: Outside, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    assert web.get(f"{run.url}healthz").status_code == 200

    def health(wanted: int) -> Any:
        clock.advance(21)
        reply = web.get(f"{run.url}healthz")
        return reply.status_code == wanted and reply.json()

    outside.status = "down"
    assert until(lambda: health(503)) == {"status": "trouble", "waiting": ["server"]}
    assert "server waits: architect_status of hooks says that it is down" in caplog.text
    outside.status = "up"
    assert until(lambda: health(200)) == {"status": "ok"}
    outside.status = "tired"
    until(lambda: "architect_status of hooks answered 'tired'" in str(health(200)) + caplog.text)
    assert caplog.text.count("answered 'tired' (str); the hook wants Literal") == 1, "told once"
