"""Arrivals, submissions, returns, time-outs and reloads in any order leave every rule intact."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

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

from crowdcore.store import open_database
from crowdcore.testing import Browserless, ManualClock, serve, until

WORKERS = [f"w{n}" for n in range(5)]
DURATION = 100


class Matching(RuleBasedStateMachine):
    """Five workers, four assignments of two units, one open unit each, three at most."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.acknowledged = 0

    @initialize(per_worker=st.integers(0, 3))
    def launch(self, per_worker: int) -> None:
        """Serve a run."""
        self.cap = per_worker
        self.serving = serve(
            {
                "task": {"name": "t", "assignment_duration": DURATION, "max_units_per_worker": per_worker},
                "blueprint": {"type": "mock", "num_assignments": 4, "units_per_assignment": 2},
                "provider": {"type": "inhouse"},
            },
            data_dir=self.folder, clock=self.clock,
        )  # fmt: skip
        self.run = self.serving.__enter__()
        self.pages = {w: Browserless(self.run.url, worker_id=w) for w in WORKERS}
        self.database = open_database(None, self.folder)

    @rule(worker=st.sampled_from(WORKERS))
    def arrive(self, worker: str) -> None:
        """Open the page (again)."""
        self.pages[worker].enter()
        assert self.pages[worker].reply.status_code in (200, 201, 409)

    @rule(worker=st.sampled_from(WORKERS))
    def submit(self, worker: str) -> None:
        """Submit, perhaps again, perhaps late."""
        page = self.pages[worker]
        if page.document:
            agent = page.document["agent"]
            before = self._status(agent)
            reply = page.submit({"text": worker})
            assert reply.status_code in (200, 409)
            self.acknowledged += reply.status_code == 200 and before != "completed"

    @rule(worker=st.sampled_from(WORKERS))
    def give_back(self, worker: str) -> None:
        """Return the work."""
        if self.pages[worker].document:
            assert self.pages[worker].call("POST", "/return").status_code in (204, 409)

    @rule(seconds=st.sampled_from([10, DURATION + 1]))
    def pass_time(self, seconds: int) -> None:
        """Let time pass; whoever is over time is ended."""
        self.clock.advance(seconds)
        due = "SELECT COUNT(*) FROM agent WHERE status = 'in_task' AND deadline <= :now"
        until(lambda: self._value(due, now=self.clock.ticks()) == 0)

    def _status(self, agent: int) -> Any:
        return self._value("SELECT status FROM agent WHERE id = :id", id=agent)

    def _value(self, sql: str, **params: Any) -> Any:
        return self.database.read(lambda c: c.value(sql, **params))

    @precondition(lambda self: hasattr(self, "database"))
    @invariant()
    def rules_hold(self) -> None:
        """What must be true whatever happened."""
        held = "SELECT COUNT(*) FROM agent WHERE status = 'in_task' GROUP BY unit_id HAVING COUNT(*) > 1"
        assert self._value(held) is None, "a unit in two hands"
        twice = (
            "SELECT COUNT(*) FROM unit WHERE worker_id IS NOT NULL"
            " GROUP BY assignment_id, worker_id HAVING COUNT(*) > 1"
        )
        assert self._value(twice) is None, "a worker twice in one assignment"
        most = "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM agent WHERE status = 'in_task' GROUP BY worker_id) q"
        assert (self._value(most) or 0) <= 1, "a worker with two open units"
        assert self._value("SELECT COUNT(*) FROM unit WHERE status = 'completed'") == self.acknowledged
        assert self._value("SELECT COUNT(*) FROM agent WHERE status = 'completed'") == self.acknowledged
        stray = (
            "SELECT COUNT(*) FROM unit u WHERE u.status = 'assigned' AND NOT EXISTS"
            " (SELECT 1 FROM agent g WHERE g.unit_id = u.id AND g.status = 'in_task')"
        )
        assert self._value(stray) == 0, "an assigned unit in nobody's hands"
        done = "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM unit WHERE worker_id IS NOT NULL GROUP BY worker_id) q"
        assert not self.cap or (self._value(done) or 0) <= self.cap, "over the cap"

    def teardown(self) -> None:
        """Stop the run."""
        if hasattr(self, "database"):
            self.database.close()
            self.serving.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.mark.slow
def test_every_rule_holds_whatever_workers_do() -> None:
    run_state_machine_as_test(
        Matching,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), database=None,
        ),
    )  # fmt: skip
