"""20,000 units are launched in a few transactions of a few statements, and the first page waits for one unit.

How many seconds that takes is measured by `make bench` (launching, starting).
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.runs import launcher
from crowdcore.store import Conn
from crowdcore.store.engine.sqlite import SqliteConn
from crowdcore.store.queries import units
from crowdcore.testing import Browserless, Machine, serve, until
from crowdcore.testing.patience import PATIENCE
from tests import web

UNITS = 20_000
TASK = {
    "task": {"name": "many", "reward": "0.10"}, "blueprint": {"type": "mock", "num_assignments": UNITS},
    "provider": {"type": "mock"},
}  # fmt: skip
FORM = Path(__file__).parents[2] / "examples" / "form"


class Counting:
    """The slices that are launched: assignments and statements of each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slices: list[int] = []
        self.statements: list[int] = []
        self._writer: threading.Thread | None = None
        for name in ("execute", "many", "one", "all"):
            monkeypatch.setattr(SqliteConn, name, self._counted(getattr(SqliteConn, name)))
        monkeypatch.setattr(units, "launch_slice", self._noted(units.launch_slice))

    def _counted(self, statement: Any) -> Any:
        def counted(conn: Conn, sql: str, *args: Any, **params: Any) -> Any:
            if threading.current_thread() is self._writer:
                self.statements[-1] += 1
            return statement(conn, sql, *args, **params)

        return counted

    def _noted(self, launch_slice: Any) -> Any:
        def noted(conn: Conn, run_id: int, start: int, items: list[str], **more: Any) -> int:
            self.slices.append(len(items))
            self.statements.append(0)
            self._writer = threading.current_thread()
            try:
                return int(launch_slice(conn, run_id, start, items, **more))
            finally:
                self._writer = None

        return noted


def test_20000_units_are_launched_in_a_few_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "SLICE_SECONDS", PATIENCE)  # no slice is too slow, so each is larger than the last
    monkeypatch.setattr(launcher, "COLLECT_SECONDS", PATIENCE)
    counting = Counting(monkeypatch)
    with serve(TASK, data_dir=tmp_path / "data") as run:
        until(lambda: run.counters.exhausted)
        assert run.counters.units["launched"] == UNITS
        assert f'crowd_units{{run="many-1",status="launched"}} {UNITS}.0' in web.get(f"{run.url}metrics").text
    assert sum(counting.slices) == UNITS
    assert counting.slices[0] == 1, "the first item is there already"
    assert len(counting.slices) <= 10
    assert max(counting.statements) <= 8, "as many for thousands of assignments as for one"


def test_a_slice_that_holds_the_database_too_long_is_followed_by_smaller_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "SLICE_SECONDS", 0.0)  # every slice takes too long
    counting = Counting(monkeypatch)
    blueprint = {"type": "mock", "num_assignments": 100}
    with serve({**TASK, "blueprint": blueprint}, data_dir=tmp_path / "data") as run:
        until(lambda: run.counters.exhausted)
        assert run.counters.units["launched"] == 100
    assert max(counting.slices) <= 10


def test_the_first_page_waits_for_the_first_unit_only(tmp_path: Path) -> None:
    made = threading.Event()

    class Slow:
        @hookimpl
        def blueprint_task_data(self) -> Iterator[dict[str, int]]:
            yield {"n": 0}
            made.wait(PATIENCE)
            yield {"n": 1}

    try:
        with serve(TASK, data_dir=tmp_path / "data", hooks=[Slow()]) as run:
            assert web.get(run.url).status_code == 200
            assert Browserless(run.url, worker_id="x").enter().document["phase"] == "work"
            assert not run.counters.exhausted
            made.set()
            until(lambda: run.counters.exhausted)
    finally:
        made.set()


LOADED = """
import sys
from crowdcore import hookimpl

@hookimpl
def on_run_launched(run):
    (run.task_dir / "loaded.txt").write_text(" ".join(sys.modules))
"""
HEAVY = ("alembic", "openai", "rich", "schemathesis", "sqlalchemy", "sqlmodel", "webbrowser", "websockets")


def test_a_process_that_serves_a_form_has_loaded_nothing_heavy(tmp_path: Path) -> None:
    task = tmp_path / "form"
    shutil.copytree(FORM, task)
    with (task / "task.yaml").open("a") as config:
        config.write("\nhooks: hooks.py\n")
    (task / "hooks.py").write_text(LOADED)
    loaded = task / "loaded.txt"
    with Machine(tmp_path).serve("run", "form", "--no-open", "architect.port=0") as served:
        assert "crowd.js" in web.get(served.url).text
        until(lambda: loaded.exists() and loaded.read_text())
    modules = loaded.read_text().split()
    assert {name.partition(".")[0] for name in modules} & set(HEAVY) == set()
    assert len(modules) <= 750, "about 650 do"
