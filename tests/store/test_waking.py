"""Callers are answered in their own event loop, with one wake-up for each group."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context
from typing import TypeVarTuple, Unpack

import pytest

from crowdcore.store import Conn, Database
from crowdcore.store.engine import writer
from crowdcore.testing.patience import PATIENCE

Arguments = TypeVarTuple("Arguments")


def add(name: str) -> Callable[[Conn], int]:
    return lambda conn: conn.execute("INSERT INTO task (name, created_at) VALUES (:name, 1.0)", name=name)


def count(conn: Conn) -> int:
    return int(conn.value("SELECT count(*) FROM task"))


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts how often another thread wakes it."""

    wakeups = 0

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        self.wakeups += 1
        return super().call_soon_threadsafe(callback, *args, context=context)


def test_tasks_of_two_loops_and_a_thread_all_get_their_answers(db: Database) -> None:
    answers: dict[str, list[int]] = {}

    async def write_many(prefix: str) -> None:
        loop = asyncio.get_running_loop()

        async def write_one(number: int) -> int:
            answer = await db.awrite(add(f"{prefix}-{number}"))
            assert asyncio.get_running_loop() is loop
            return answer

        answers[prefix] = await asyncio.gather(*(write_one(number) for number in range(100)))

    threads = [threading.Thread(target=asyncio.run, args=(write_many(prefix),)) for prefix in "ab"]
    for thread in threads:
        thread.start()
    for number in range(20):
        assert db.write(add(f"thread-{number}")) == 1
    for thread in threads:
        thread.join(PATIENCE)
    assert answers == {"a": [1] * 100, "b": [1] * 100}
    assert db.read(count) == 220


def test_a_group_wakes_its_loop_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "GROUP_SECONDS", PATIENCE)
    gate, running = threading.Event(), threading.Event()

    def hold(conn: Conn) -> None:
        running.set()
        gate.wait(PATIENCE)

    async def write_many() -> None:
        db.submit(hold)
        assert running.wait(PATIENCE)
        writes = [asyncio.ensure_future(db.awrite(add(str(number)))) for number in range(50)]
        await asyncio.sleep(0)  # all of them are queued now
        gate.set()
        await asyncio.gather(*writes)

    loop = CountingLoop()
    try:
        loop.run_until_complete(write_many())
    finally:
        loop.close()
    assert loop.wakeups == 1


def test_a_cancelled_caller_and_a_closed_loop_disturb_nobody(db: Database) -> None:
    gate = threading.Event()

    async def leave() -> None:
        db.submit(lambda conn: gate.wait(PATIENCE))
        task = asyncio.ensure_future(db.awrite(add("left")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    gate.set()
    assert db.write(add("stayed")) == 1


def test_reads_answer_in_the_loop(db: Database) -> None:
    async def both() -> tuple[int, int]:
        await db.awrite(add("x"))
        return await asyncio.gather(db.aread(count), db.aread(count))

    assert list(asyncio.run(both())) == [1, 1]


def test_an_exception_reaches_the_task(db: Database) -> None:
    def fail(conn: Conn) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        asyncio.run(db.awrite(fail))
    with pytest.raises(LookupError, match="mine"):
        asyncio.run(db.aread(fail))
