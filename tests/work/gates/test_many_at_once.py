"""Many clients of another process with gates on: every rule holds at every event, and all work gets done.

`CROWD_GATES_FULL=1` runs 200 clients on 2,000 assignments of three units; without it the same in small.
"""

from __future__ import annotations

import json
import os
from math import sqrt
from pathlib import Path

import pytest

from crowdcore.store import open_database
from crowdcore.testing import Machine
from tests.work.gates.crowd_of_clients import Crowd
from tests.work.gates.replay import Replay, Rules

FULL = bool(os.environ.get("CROWD_GATES_FULL"))
WORKERS, ASSIGNMENTS, UNITS = (200, 2000, 3) if FULL else (40, 100, 3)
RATE = 0.15
RULES = Rules(per_worker=60 if FULL else 15, open_per_worker=1, min_correct=1, max_incorrect=1, attempts=2)
TASK = f"""
task: {{name: busy, reward: 0.10, max_units_per_worker: {RULES.per_worker}, assignment_duration: 10m}}
blueprint: {{type: mock, num_assignments: {ASSIGNMENTS}, units_per_assignment: {UNITS}}}
provider: {{type: mock}}
gates:
  qualifications: [{{name: banned, comparator: does_not_exist}}]
  new_qualifications: [banned]
  onboarding: {{qualification: quiz, data: quiz.json, attempts: {RULES.attempts}}}
  gold: {{qualification: golds, data: golds.json, rate: {RATE}, min_correct: 1,
         max_incorrect: {RULES.max_incorrect}, on_fail: soft_reject}}
  units_per_session: 3
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_rule_holds_at_every_event(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(tmp_path)
    machine.environment["CROWD_DATABASE_URL"] = database_url
    (tmp_path / "task.yaml").write_text(TASK)
    (tmp_path / "quiz.json").write_text(json.dumps({"n": "quiz", "answers": {"text": "yes"}}))
    golds = [{"n": f"gold-{n}", "answers": {"text": "right"}} for n in range(80)]
    (tmp_path / "golds.json").write_text(json.dumps(golds))
    with machine.serve("run", "task.yaml", "--no-open", "architect.port=0") as served:
        crowd = Crowd(served.url, WORKERS)
        crowd.work()
        assert served.wait(300) == 0, served.stderr
    database = open_database(database_url, machine.data_dir)
    try:
        counts = database.read(
            lambda c: {
                r["status"]: r["n"]
                for r in c.all(
                    "SELECT u.status, COUNT(*) AS n FROM unit u JOIN assignment a ON a.id = u.assignment_id"
                    " WHERE a.kind = 'real' GROUP BY u.status"
                )
            }
        )
        replay = database.read(lambda c: Replay(c, 1, RULES))
    finally:
        database.close()
    pieces = sum(w.pieces for w in replay.workers.values())
    shown = sum(w.gold_pieces for w in replay.workers.values())
    sigma = sqrt(pieces * RATE * (1 - RATE))
    with capsys.disabled():
        print(f"\n{WORKERS} clients, units {counts}, {shown} golds among {pieces} pieces "
              f"(expected {RATE * pieces:.0f} ± {4.5 * sigma:.0f}), {dict(crowd.refusals)}")  # fmt: skip
    assert sum(counts.values()) == ASSIGNMENTS * UNITS
    assert set(counts) <= {"completed", "soft_rejected"}, "every unit that can be assigned is completed"
    assert counts.get("soft_rejected", 0) == len(replay.soft_rejected)
    assert replay.soft_rejected or not FULL, "some answered golds wrong"
    assert abs(shown - RATE * pieces) <= 4.5 * sigma, "by chance alone once in 150,000 runs"
    assert crowd.acknowledged["work"] == ASSIGNMENTS * UNITS + sum(
        sum(w.golds.values()) for w in replay.workers.values()
    )
    assert all(end in ("run_over", "too_many_units", "not_qualified") for end in crowd.ends.values())
