"""The event of a launched slice names the very units that it made, also after a launch that died half-way."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.store import Conn, open_database
from crowdcore.store.queries import events, runs, units
from crowdcore.store.upkeep.audit import replay


class Died(Exception):
    """The process was killed before its commit."""


def test_numbers_that_a_dead_launch_used_up_are_not_claimed(database_url: str, tmp_path: Path) -> None:
    database = open_database(database_url, tmp_path / "data")
    run = database.write(
        lambda c: runs.create(
            c, task="t", config="{}", config_hash="", plugins={}, provider="p", currency="USD", requester=None, now=1.0
        )
    )

    def launch(conn: Conn, start: int) -> None:
        units.launch_slice(
            conn, run.id, start, ["{}", "{}"], units=2, pay_micros=0, exhausted=False, now=1.0
        )  # fmt: skip

    def die(conn: Conn) -> None:
        launch(conn, 0)
        raise Died

    for start in (0, 2):
        with pytest.raises(Died):
            database.write(lambda c, start=start: die(c) if start == 0 else (launch(c, 2), die(c)))  # type: ignore[misc]
        database.write(lambda c, start=start: launch(c, start))  # type: ignore[misc]
    said = [e.data for e in database.read(lambda c: events.after(c, run.id, 0)) if e.kind == "units_launched"]
    named = [unit for data in said for unit in range(data["first"], data["last"] + 1)]
    assert named == [row["id"] for row in database.read(lambda c: c.all("SELECT id FROM unit ORDER BY id"))]
    assert [data["count"] for data in said] == [4, 4]
    assert [*database.read(lambda c: list(replay(c, run.id)))] == []
    database.close()
