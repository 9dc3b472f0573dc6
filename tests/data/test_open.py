"""`crowdcore.open()`: what commands and exporters see of a data directory, and what they may change."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import crowdcore
from crowdcore import RunError, StoreError
from crowdcore.commands import Data
from crowdcore.testing import Browserless, serve

TASK = {
    "task": {"name": "birds", "reward": "0.10"},
    "blueprint": {"type": "mock", "num_assignments": 1200},
    "provider": {"type": "mock"},
}


@pytest.fixture
def worked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory in which x has done two units and y one; it is the one that `crowd` would use."""
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("CROWD_DATA_DIR", str(tmp_path / "data"))
    with serve(TASK, data_dir=tmp_path / "data") as run:
        for name in ("x", "y", "x"):
            Browserless(run.url, worker_id=name).enter().submit({"text": name})
    return tmp_path / "data"


def test_tasks_runs_units_answers_and_debts_are_there(worked: Path) -> None:
    with crowdcore.open() as data:
        assert data.folder == worked
        assert data.tasks() == ["birds"]
        [run] = data.runs("birds")
        assert data.run() == data.run("birds-1") == data.runs()[0] == run
        assert (run.name, run.status, run.provider, run.config["task"]["name"]) == (
            "birds-1",
            "stopped",
            "mock",
            "birds",
        )
        units = list(data.units(run))
        assert len({unit.id for unit in units}) == 1200, "more than one page"
        assert {unit.status for unit in units} == {"completed", "launched"}
        assert [(row["worker"], row["data"]) for row in data.answers("birds")] == [
            ("x", {"text": "x"}), ("y", {"text": "y"}), ("x", {"text": "x"}),
        ]  # fmt: skip
        debts = list(data.owed("birds"))
        assert [(d.worker.name, d.amount, d.currency, d.kind, d.run) for d in debts] == [
            (name, Decimal("0.1"), "USD", "reward", "birds-1") for name in ("x", "y", "x")
        ]


def test_workers_are_there_with_blocks_and_grants(worked: Path) -> None:
    with crowdcore.open(write=True, data_dir=worked) as data:
        x, y = data.workers("mock")
        data.grant(x, "expert", 3)
        data.block(y, "too many robins")
        assert data.worker("x").grants == {"expert": 3}
        assert data.worker("y").blocked == "too many robins"
        assert data.qualifications() == ["expert"]
        assert [found.worker.name for found in data.holders("expert")] == ["x"]
        assert data.revoke(x, "expert")
        assert not data.revoke(x, "expert")
        data.unblock(y)
        assert [(found.blocked, dict(found.grants)) for found in data.workers()] == [(None, {}), (None, {})]
        [z] = data.expect("mock", ["z", "z"])
        assert [found.worker.name for found in data.workers()] == ["x", "y", "z"]
        assert z.worker.provider == "mock"


def test_what_was_paid_by_hand_is_owed_no_more_exactly_or_not_at_all(worked: Path) -> None:
    with crowdcore.open(write=True) as data:
        first, second, third = data.owed("birds")
        with pytest.raises(RunError, match="is said to be paid"):
            data.paid("birds", [(first.key, (first.amount, "USD")), (second.key, (Decimal(7), "USD"))])
        assert len(list(data.owed("birds"))) == 3, "all or none"
        assert data.paid("birds", [(one.key, (one.amount, one.currency)) for one in (first, second)]) == 2
        assert [debt.key for debt in data.owed("birds")] == [third.key]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.grant(data.worker("x"), "expert"),
        lambda data: data.revoke(data.worker("x"), "expert"),
        lambda data: data.block(data.worker("x"), "why"),
        lambda data: data.unblock(data.worker("x")),
        lambda data: data.expect("mock", ["z"]),
        lambda data: data.paid("birds", []),
    ],
)
def test_what_is_opened_for_reading_changes_nothing(worked: Path, change: object) -> None:
    assert callable(change)
    with crowdcore.open() as data, pytest.raises(RunError, match=r"crowdcore\.open\(write=True\)"):
        change(data)


def test_what_is_not_there_is_told_in_one_line(worked: Path, tmp_path: Path) -> None:
    with crowdcore.open() as data:
        for ask in (data.runs, data.run, data.owed):
            with pytest.raises(RunError, match="did you mean 'birds'"):
                ask("bird")
        with pytest.raises(RunError, match="no worker is named 'nobody'"):
            data.worker("nobody")
    with pytest.raises(StoreError):
        crowdcore.open(data_dir=tmp_path / "elsewhere")


def test_a_secret_is_that_of_the_plugin_in_a_run(worked: Path) -> None:
    with crowdcore.open() as data:
        assert isinstance(data, Data)
        found = data.secret("provider:mock", "invite")
        assert len(found) == 32
        assert found == data.secret("provider:mock", "invite") != data.secret("provider:other", "invite")
