"""Hooks have a few threads per kind of work: one kind cannot starve another, what hangs cannot multiply."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from crowdcore.base.limiter import Busy, Limit, Limiter, Limiters, Overrun
from crowdcore.errors import HookFailed
from crowdcore.testing.patience import PATIENCE
from crowdcore.types import Agent, Refusal, Unit, Worker
from tests.plugins.conftest import Runs, Task


@pytest.fixture
def gate() -> threading.Event:
    """What blocked calls wait for."""
    return threading.Event()


def blocked(gate: threading.Event) -> Callable[[], int]:
    return lambda: int(gate.wait(PATIENCE))


def test_values_and_exceptions_come_back() -> None:
    limiter = Limiter("t", 2, limit=5)

    async def main() -> None:
        assert await asyncio.gather(*(limiter.run(lambda n=n: n * n) for n in range(50))) == [n * n for n in range(50)]  # type: ignore[misc]
        with pytest.raises(ZeroDivisionError):
            await limiter.run(lambda: 1 / 0)

    asyncio.run(main())


def test_no_more_threads_than_allowed(gate: threading.Event) -> None:
    limiter = Limiter("t", 3, limit=30)
    names: set[str] = set()

    def call() -> None:
        names.add(threading.current_thread().name)

    async def main() -> None:
        await asyncio.gather(*(limiter.run(call) for _ in range(200)))

    asyncio.run(main())
    assert names <= {"crowd-t-1", "crowd-t-2", "crowd-t-3"}


def test_who_finds_no_thread_in_time_is_refused_and_never_called(gate: threading.Event) -> None:
    limiter = Limiter("t", 1, limit=30, wait=0.05)
    called: list[int] = []

    async def main() -> None:
        first = asyncio.ensure_future(limiter.run(blocked(gate)))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await limiter.run(lambda: called.append(1))
        gate.set()
        assert await first == 1
        assert await limiter.run(lambda: 2) == 2

    asyncio.run(main())
    assert called == []


def test_an_overrun_call_keeps_its_thread_until_it_ends(gate: threading.Event) -> None:
    limiter = Limiter("t", 1, limit=0.05)

    async def main() -> None:
        with pytest.raises(Overrun):
            await limiter.run(blocked(gate))
        with pytest.raises(Busy):  # at once: everything hangs, so there is nothing to wait for
            await asyncio.wait_for(limiter.run(lambda: 1), PATIENCE)
        gate.set()
        while True:
            try:
                assert await limiter.run(lambda: 2) == 2
                break
            except Busy:
                await asyncio.sleep(0)

    asyncio.run(main())


def test_a_cancelled_caller_frees_its_place_in_the_queue(gate: threading.Event) -> None:
    limiter = Limiter("t", 1, limit=30)
    called: list[int] = []

    async def main() -> None:
        first = asyncio.ensure_future(limiter.run(blocked(gate)))
        second = asyncio.ensure_future(limiter.run(lambda: called.append(2)))
        third = asyncio.ensure_future(limiter.run(lambda: called.append(3)))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, third)

    asyncio.run(main())
    assert called == [3]


def test_at_most_two_procedures_of_one_agent_at_a_time(task: Task, runs_of: Runs, agent: Agent) -> None:
    text = """
from crowdcore import hookimpl
import threading
gate = threading.Event()
@hookimpl
def blueprint_call(args):
    if args == "wait": gate.wait(30)
    return args
"""
    task.write("hooks.py", text)
    hooks = runs_of.hooks(task.load(), Limiters(wait=0.05))
    gate = hooks._chains["blueprint_call"][0].function.__globals__["gate"]
    other = dataclasses.replace(agent, id=8)

    async def main() -> None:
        waiting = [asyncio.ensure_future(hooks.blueprint_call(agent, "p", "wait")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(HookFailed) as caught:
            await hooks.blueprint_call(agent, "p", "third")
        assert caught.value.reason == "busy"
        assert await hooks.blueprint_call(other, "p", "other") == "other"
        gate.set()
        assert await asyncio.gather(*waiting) == ["wait", "wait"]

    asyncio.run(main())


def test_forty_hanging_procedures_do_not_hinder_claims(
    task: Task, runs_of: Runs, agent: Agent, worker: Worker, unit: Unit
) -> None:
    text = """
from crowdcore import hookimpl, Refusal
import threading
gate = threading.Event()
@hookimpl
def blueprint_call(args): return gate.wait(30)
@hookimpl
def worker_can_do_unit(worker, unit): return Refusal("asked")
"""
    task.write("hooks.py", text)
    limiters = Limiters({"procedures": Limit(8, 0.2, per_key=2)}, wait=0.05)
    hooks = runs_of.hooks(task.load(), limiters)

    async def main() -> None:
        calls = [
            asyncio.ensure_future(hooks.blueprint_call(dataclasses.replace(agent, id=n), "p", None)) for n in range(40)
        ]
        await asyncio.sleep(0)
        for _ in range(20):
            assert await asyncio.wait_for(hooks.worker_can_do_unit(worker, unit), PATIENCE) == Refusal("asked")
        reasons = [str(getattr(e, "reason", e)) for e in await asyncio.gather(*calls, return_exceptions=True)]
        assert sorted(reasons) == ["busy"] * 32 + ["timeout"] * 8
        assert await asyncio.wait_for(hooks.worker_can_do_unit(worker, unit), PATIENCE) == Refusal("asked")

    asyncio.run(main())
    hooks._chains["blueprint_call"][0].function.__globals__["gate"].set()


def test_a_hanging_hook_does_not_hold_the_process_at_exit() -> None:
    code = """
import asyncio, threading
from crowdcore.base.limiter import Limiter, Overrun
async def main():
    try:
        await Limiter("t", 1, limit=0.05).run(threading.Event().wait)
    except Overrun:
        print("overrun")
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "overrun\n"
