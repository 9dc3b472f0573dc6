"""A run that ends expires what is open and nothing else."""

from __future__ import annotations

import pytest

from crowdcore.base import paths
from crowdcore.review.decisions import Verdict, decide
from crowdcore.store import open_database
from crowdcore.store.queries import reviews
from crowdcore.store.queries.reviews import OUTCOMES
from crowdcore.testing import Browserless, ManualClock
from tests.work.conftest import Launch


@pytest.mark.parametrize(
    ("limit", "reason"),
    [({"patience": "1h"}, "patience is over"), ({"lifetime": "1h"}, "its lifetime is over")],
)
def test_the_end_of_a_run_leaves_reviewed_units_untouched(
    launch: Launch, clock: ManualClock, database_url: str, limit: dict[str, str], reason: str
) -> None:
    run = launch(blueprint={"num_assignments": 5}, task=limit)
    database = open_database(database_url, paths.data_dir())
    for worker, outcome in zip("abc", OUTCOMES, strict=True):
        page = Browserless(run.url, worker_id=worker).enter()
        assert page.submit({"text": worker}).status_code == 200
        (work,) = database.read(lambda c: reviews.page(c, run.id))
        decide(database, [work.unit_id], Verdict(outcome))
    clock.advance(3601)
    while run.wait(0.05) is None:
        clock.advance(5)
    rows = database.read(lambda c: c.all("SELECT status FROM unit ORDER BY id"))
    row = database.read(lambda c: c.one("SELECT status, reason FROM run"))
    database.close()
    assert [r["status"] for r in rows] == [*OUTCOMES, "expired", "expired"]
    assert row is not None
    assert row["status"] == "finished"
    assert row["reason"].endswith(reason)
