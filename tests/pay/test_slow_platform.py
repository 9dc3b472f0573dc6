"""A platform that does not answer in time may have paid: in doubt. One that was not even asked is asked later."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from crowdcore import hookimpl
from crowdcore.base.limiter import Limit, Limiters
from crowdcore.base.paths import run_folder
from crowdcore.config.snapshot import reopen
from crowdcore.pay.executor import Executor
from crowdcore.plugins.hooks import Hooks
from crowdcore.store import Database, open_database
from crowdcore.store.queries import outbox, runs
from crowdcore.testing import Browserless
from crowdcore.work.context import RunContext
from crowdcore.work.stored import stored_context
from tests.review.conftest import Task


class Stuck:
    """An office whose clerk thinks until `answer` is set; `asked` counts."""

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.asked = 0

    @hookimpl
    def provider_pay(self) -> str:
        """Think."""
        self.asked += 1
        self.answer.wait(60)
        return "paid"


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    """The clerk; let go of at the end."""
    made = Stuck()
    yield made
    made.answer.set()


async def context_of(database: Database, stuck: Stuck, limit: Limit) -> RunContext:
    """The run of the database, with this clerk, and so much room for calls."""
    row = database.read(lambda c: runs.find(c, None))
    context = await stored_context(database, row)
    _, plugins, _ = reopen(row, run_folder(database.folder, row.name), hooks=[stuck], secrets=False)
    context.hooks = Hooks(plugins, context.facade_for, Limiters({"provider": limit}, wait=0.02))
    context.delivers = frozenset({"reward"})
    return context


def states(database: Database) -> list[str]:
    everything = ("intended", "sent", "confirmed", "failed", "unknown")
    return [row.state for row in database.read(lambda c: outbox.of_task(c, "t", everything))]


@pytest.fixture
def database(task: Task) -> Iterator[Database]:
    """A run that nobody serves and that owes x and y."""
    machine = task()
    with machine.serve("run", "task.yaml") as served:
        for name in "xy":
            assert Browserless(served.url, worker_id=name).enter().submit({"text": "1"}).is_success
    opened = open_database(None, machine.data_dir, create=False)
    yield opened
    opened.close()


def test_what_gets_no_answer_in_time_is_in_doubt_and_not_sent_again(database: Database, stuck: Stuck) -> None:
    async def main() -> None:
        context = await context_of(database, stuck, Limit(4, 0.05))
        await Executor(context).catch_up(20)
        assert (states(database), stuck.asked) == (["unknown", "unknown"], 2)
        await Executor(context).catch_up(20)
        assert stuck.asked == 2

    asyncio.run(main())


def test_what_found_no_room_was_not_sent_and_waits(database: Database, stuck: Stuck) -> None:
    async def main() -> None:
        context = await context_of(database, stuck, Limit(1, 60))
        first = asyncio.create_task(Executor(context).catch_up(20))
        while not stuck.asked:
            await asyncio.sleep(0.001)
        other = Executor(context)
        assert await other.send() == 1
        assert states(database) == ["sent", "intended"]
        stuck.answer.set()
        await first
        assert states(database) == ["confirmed", "confirmed"]

    asyncio.run(main())
