"""A run that ends expires what is open and nothing else."""

from __future__ import annotations

import pytest

from crowdcore import paths
from crowdcore.store import open_database
from crowdcore.testing import Browserless, ManualClock
from tests.work.conftest import Launch

REVIEW = "UPDATE unit SET status = :status WHERE id = (SELECT unit_id FROM agent WHERE id = :agent)"


@pytest.mark.parametrize(
    ("limit", "reason"),
    [({"patience": "1h"}, "patience is over"), ({"lifetime": "1h"}, "its lifetime is over")],
)
def test_the_end_of_a_run_leaves_reviewed_units_untouched(
    launch: Launch, clock: ManualClock, database_url: str, limit: dict[str, str], reason: str
) -> None:
    run = launch(blueprint={"num_assignments": 5}, task=limit)
    reviewed = ("accepted", "soft_rejected", "rejected")
    database = open_database(database_url, paths.data_dir())
    for worker, outcome in zip("abc", reviewed, strict=True):
        page = Browserless(run.url, worker_id=worker).enter()
        assert page.submit({"text": worker}).status_code == 200
        database.write(lambda c, s=outcome, a=page.document["agent"]: c.execute(REVIEW, status=s, agent=a))  # type: ignore[misc]
    clock.advance(3601)
    while run.wait(0.05) is None:
        clock.advance(5)
    rows = database.read(lambda c: c.all("SELECT status FROM unit ORDER BY id"))
    row = database.read(lambda c: c.one("SELECT status, reason FROM run"))
    database.close()
    assert [r["status"] for r in rows] == [*reviewed, "expired", "expired"]
    assert row is not None
    assert row["status"] == "finished"
    assert row["reason"].endswith(reason)
