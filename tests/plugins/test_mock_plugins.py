"""The mock blueprint and provider are complete and remember what they were told to send."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from crowdcore.errors import HookFailed
from crowdcore.plugins import RunPlugins
from crowdcore.plugins.hooks import Hooks
from crowdcore.types import Agent, Identity, Payment, Worker
from tests.plugins.conftest import Runs, Task


def test_items_are_numbered_from_any_start(task: Task, runs_of: Runs) -> None:
    hooks = runs_of.hooks(task.load(blueprint={"type": "mock", "num_assignments": 4}))
    assert list(hooks.blueprint_task_data(2)) == [{"n": 2}, {"n": 3}]
    endless = runs_of.hooks(task.load(blueprint={"type": "mock", "num_assignments": 0}))
    assert list(itertools.islice(endless.blueprint_task_data(7), 2)) == [{"n": 7}, {"n": 8}]


def test_the_page_and_simulated_work(task: Task, runs_of: Runs, agent: Agent, tmp_path: Path) -> None:
    hooks = runs_of.hooks(task.load())
    build = tmp_path / "build"
    build.mkdir()
    asyncio.run(hooks.blueprint_build(build))
    page = (build / "index.html").read_text()
    assert 'src="crowd.js"' in page
    assert 'src="mock.js"' in page
    assert "crowd.start()" in (build / "mock.js").read_text()
    assert asyncio.run(hooks.blueprint_simulate(agent)) == {"data": {"text": "x on {'n': 0}"}, "files": {}}


def test_the_provider_pays_once_per_key_and_remembers_blocks(task: Task, runs_of: Runs, worker: Worker) -> None:
    config = task.load(provider={"type": "mock", "balance": "12.50"})
    plugins = RunPlugins(config)
    make = partial(plugins.facade, runs_of.services(config))
    hooks = Hooks(plugins, make)
    payment = Payment("k1", worker, Decimal("0.30"), "USD", "reward")

    async def main() -> None:
        assert await hooks.provider_identify({"worker_id": "x", "assignment_id": "a"}) == Identity(
            "x", "a", {"worker_id": "x", "assignment_id": "a"}
        )
        assert [await hooks.provider_pay(payment) for _ in range(2)] == ["mock-k1", "mock-k1"]
        assert await hooks.provider_balance() == Decimal("12.50")
        await hooks.provider_block(worker, "spam")
        assert await hooks.provider_is_blocked(worker)
        await hooks.provider_unblock(worker, "sorry")
        assert not await hooks.provider_is_blocked(worker)

    asyncio.run(main())
    sent = dict(make("provider:mock").records("sent").items())
    assert list(sent) == ["provider_pay/k1", "provider_block/x", "provider_unblock/x"]
    assert sent["provider_pay/k1"]["amount"] == "0.30"


def test_the_provider_fails_when_told_to(task: Task, runs_of: Runs, worker: Worker) -> None:
    hooks = runs_of.hooks(task.load(provider={"type": "mock", "fail": ["provider_pay", "provider_check"]}))
    assert asyncio.run(hooks.provider_check()) == ["provider_check was told to fail"]
    with pytest.raises(HookFailed, match=r"provider_pay of provider 'mock' \(crowdcore [0-9.]+\): ConnectionError"):
        asyncio.run(hooks.provider_pay(Payment("k", worker, Decimal(1), "USD", "reward")))
