"""However many workers do each item: no statement and no transaction grows with their number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crowdcore.errors import ConfigError
from crowdcore.runs import launcher
from crowdcore.store import open_database
from crowdcore.store.queries import events
from crowdcore.store.upkeep.audit import replay
from crowdcore.testing import Browserless, serve, until
from crowdcore.testing.patience import PATIENCE


def task(items: int, each: int, **blueprint: Any) -> dict[str, Any]:
    """`items` assignments of `each` units."""
    return {
        "task": {"name": "t"},
        "blueprint": {"type": "mock", "num_assignments": items, "units_per_assignment": each, **blueprint},
        "provider": {"type": "mock"},
    }  # fmt: skip


@pytest.mark.parametrize(("items", "each"), [(3, 500), (3, 501), (12, 999), (2, 7000), (1, 100_000)])
def test_any_number_of_workers_may_do_each_item(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, items: int, each: int
) -> None:
    monkeypatch.setattr(launcher, "SLICE_SECONDS", PATIENCE)  # no slice is too slow, so each is larger than the last
    monkeypatch.setattr(launcher, "COLLECT_SECONDS", PATIENCE)
    with serve(task(items, each), data_dir=tmp_path / "data", db=database_url) as run:
        until(lambda: run.counters.exhausted)
        assert run.counters.units["launched"] == items * each
        assert Browserless(run.url, worker_id="x").enter().submit({"text": "x"}).is_success
    database = open_database(database_url, tmp_path / "data")
    [found] = database.read(lambda c: c.all("SELECT id FROM run"))
    slices = [
        e.data["count"] for e in database.read(lambda c: events.after(c, found["id"], 0)) if e.kind == "units_launched"
    ]
    seats = database.read(
        lambda c: c.all("SELECT MIN(seat) AS low, MAX(seat) AS high, COUNT(*) AS n FROM unit GROUP BY assignment_id")
    )
    assert [tuple(row) for row in seats] == [(0, each - 1, each)] * items
    assert [*database.read(lambda c: list(replay(c, found["id"])))] == []
    database.close()
    assert max(slices) <= max(launcher.MOST, each)


def test_more_workers_for_each_item_than_are_launched_ahead_are_launched_item_by_item(tmp_path: Path) -> None:
    with serve(task(2, 501, launch_ahead=10), data_dir=tmp_path / "data") as run:
        until(lambda: run.counters.units["launched"] == 501)
        assert Browserless(run.url, worker_id="x").enter().submit({"text": "x"}).is_success


def test_a_number_that_no_task_means_is_refused_at_launch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="units_per_assignment"), serve(task(1, 10**9), data_dir=tmp_path / "data"):
        pass
