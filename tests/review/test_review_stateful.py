"""Work, decisions, changed decisions, bonuses and rejected visits in any order: money and visits follow the units."""

from __future__ import annotations

import json
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from crowdcore.errors import RunError
from crowdcore.review.decisions import Verdict, decide
from crowdcore.store import Conn, open_database
from crowdcore.store.queries import outbox
from crowdcore.store.queries.reviews import Outcome
from crowdcore.store.upkeep import consistency
from crowdcore.store.upkeep.audit import replay
from crowdcore.testing import Browserless, serve, until
from crowdcore.work.counters import Counters

WORKERS = ["a", "b", "c"]
REWARD, BONUS = Decimal("0.50"), Decimal("0.10")
MAY_BECOME = {
    "completed": {"accepted", "soft_rejected", "rejected"}, "accepted": {"soft_rejected"},
    "soft_rejected": {"accepted"}, "rejected": {"accepted"},
}  # fmt: skip


class Reviewing(RuleBasedStateMachine):
    """Three workers in sessions of two units; what is submitted may be decided at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.status: dict[int, str] = {}
        self.visit: dict[int, str] = {}
        self.bonuses: set[tuple[int, str]] = set()
        self.rejected_visits: set[str] = set()

    @initialize()
    def launch(self) -> None:
        """Serve a run."""
        self.serving = serve(
            {
                "task": {"name": "t", "reward": str(REWARD)},
                "blueprint": {"type": "mock", "num_assignments": 60}, "gates": {"units_per_session": 2},
                "provider": {"type": "inhouse"},
            },
            data_dir=self.folder,
        )  # fmt: skip
        self.run = self.serving.__enter__()
        self.places = dict.fromkeys(WORKERS, 0)
        self.pages: dict[str, Browserless] = {}
        self.database = open_database(None, self.folder)

    @rule(worker=st.sampled_from(WORKERS))
    def work(self, worker: str) -> None:
        """Submit the unit of an open session, or of a new one."""
        page = self.pages.get(worker)
        if page is None:
            self.places[worker] += 1
            place = f"{worker}{self.places[worker]}"
            page = self.pages[worker] = Browserless(self.run.url, worker_id=worker, assignment_id=place).enter()
        agent = page.document["agent"]
        reply = page.submit({"text": worker})
        assert reply.is_success
        unit = self.database.read(lambda c: c.value("SELECT unit_id FROM agent WHERE id = :id", id=agent))
        self.status[unit] = "completed"
        self.visit[unit] = f"{worker}{self.places[worker]}"
        if reply.json()["next"] is None:
            del self.pages[worker]

    @precondition(lambda self: self.status)
    @rule(
        pick=st.integers(0, 99), outcome=st.sampled_from(get_args(Outcome)), bonus=st.sampled_from(["", "x", "y"]),
        visit=st.booleans(),
    )  # fmt: skip
    def review(self, pick: int, outcome: Outcome, bonus: str, visit: bool) -> None:
        """Decide, perhaps again or otherwise, perhaps with a bonus, or rejecting the visit."""
        unit = sorted(self.status)[pick % len(self.status)]
        rejects = visit and outcome == "rejected"
        verdict = Verdict(outcome, "note", bonus=BONUS if bonus else None, bonus_reason=bonus, visit=rejects)
        before = self.status[unit]
        legal = outcome == before or outcome in MAY_BECOME[before]
        if legal and rejects:
            legal = self._may_reject_visit(unit)
        try:
            decide(self.database, [unit], verdict)
        except RunError:
            assert not legal
            return
        assert legal
        self.status[unit] = outcome
        if bonus:
            self.bonuses.add((unit, bonus))
        if rejects:
            self.rejected_visits.add(self.visit[unit])

    def _may_reject_visit(self, unit: int) -> bool:
        others = [status for other, status in self.status.items() if self.visit[other] == self.visit[unit] != unit
                  and other != unit]  # fmt: skip
        return self._over(self.visit[unit]) and all(status == "rejected" for status in others)

    def _over(self, visit: str) -> bool:
        worker = visit[0]
        return worker not in self.pages or visit != f"{worker}{self.places[worker]}"

    @precondition(lambda self: hasattr(self, "database"))
    @invariant()
    def everything_agrees(self) -> None:
        """Units are where the decisions put them; visits, rewards, bonuses, events and counters say the same."""
        self.database.read(self._look)
        owed = sum((REWARD for status in self.status.values() if status != "rejected"), BONUS * len(self.bonuses))
        rows = self.database.read(lambda c: outbox.owed(c, "t"))
        assert sum((row.amount for row in rows if row.amount is not None), Decimal(0)) == owed

    def _look(self, conn: Conn) -> None:
        rows = conn.all("SELECT id, status FROM unit WHERE status NOT IN ('launched', 'assigned')")
        assert {row["id"]: row["status"] for row in rows} == self.status
        assert [*consistency.visits(conn), *consistency.ledger(conn), *replay(conn, 1)] == []
        counted = Counters(run="", pay=REWARD, currency="")
        for row in conn.all("SELECT * FROM event WHERE run_id = 1 ORDER BY id"):
            counted.apply(_Event(row))  # type: ignore[arg-type]
        started = Counters.start(conn, 1, "", REWARD, "")
        assert +counted.units == started.units
        assert counted.owed == started.owed
        for visit in set(self.visit.values()):
            done = {status for unit, status in self.status.items() if self.visit[unit] == visit}
            status = conn.value("SELECT status FROM visit WHERE external_id = :visit", visit=visit)
            assert status == self._visit_status(visit, done), visit

    def _visit_status(self, visit: str, done: set[str]) -> str:
        if not self._over(visit):
            return "open"
        if "completed" not in done and done & {"accepted", "soft_rejected"}:
            return "approved"
        return "rejected" if visit in self.rejected_visits and done == {"rejected"} else "submitted"

    def teardown(self) -> None:
        """Stop the run."""
        if hasattr(self, "database"):
            until(lambda: self.run.counters.done == len(self.status))
            self.database.close()
            self.serving.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)


class _Event:
    def __init__(self, row: Any) -> None:
        self.id, self.at, self.kind, self.data = row["id"], row["at"], row["kind"], json.loads(row["data"])


@pytest.mark.slow
def test_money_and_visits_follow_the_units_whatever_is_decided() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Reviewing,
        settings=settings(
            max_examples=10, stateful_step_count=30, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
