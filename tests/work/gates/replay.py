"""The event table read again from the start, every rule of the gates checked at every event."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from crowdcore.store import Conn
from crowdcore.store.queries import events
from crowdcore.store.queries.events import Event


@dataclass(frozen=True)
class Rules:
    """What the run was launched with."""

    per_worker: int
    open_per_worker: int
    min_correct: int
    max_incorrect: int
    attempts: int


@dataclass
class Worker:
    """What has happened to one worker so far."""

    onboarded: bool | None = None
    attempts: int = 0
    open: set[int] = field(default_factory=set)
    assignments: Counter[int] = field(default_factory=Counter)
    units: int = 0
    golds: Counter[str] = field(default_factory=Counter)
    correct: int = 0
    incorrect: int = 0
    since_pass: list[int] = field(default_factory=list)
    pieces: int = 0
    gold_pieces: int = 0

    @property
    def new(self) -> bool:
        return not self.correct


class Replay:
    """All events of a run in order; `check` raises AssertionError at the first that breaks a rule."""

    def __init__(self, conn: Conn, run_id: int, rules: Rules) -> None:
        self.rules = rules
        self.workers: dict[int, Worker] = defaultdict(Worker)
        self.soft_rejected: set[int] = set()
        self.expected_soft: set[int] = set()
        self._of_unit = {
            r["id"]: (r["assignment_id"], r["kind"], r["key"])
            for r in conn.all(
                "SELECT u.id, u.assignment_id, a.kind, a.key FROM unit u JOIN assignment a ON a.id = u.assignment_id"
            )
        }
        self._began: dict[int, bool] = {}
        after = 0
        while page := events.after(conn, run_id, after):
            for event in page:
                self._apply(event)
            after = page[-1].id
        assert self.soft_rejected == self.expected_soft

    def _apply(self, event: Event) -> None:
        step = getattr(self, f"_{event.kind}", None)
        if step is not None:
            step(event.data, self.workers[event.data.get("worker", 0)])

    def _onboarding_began(self, data: dict[str, Any], worker: Worker) -> None:
        assert worker.onboarded is None, "onboarding is done once"
        self._open(worker, data["agent"])

    def _onboarding_submitted(self, data: dict[str, Any], worker: Worker) -> None:
        worker.open.discard(data["agent"])
        worker.attempts += 1
        assert worker.attempts <= self.rules.attempts
        if data["passed"]:
            worker.onboarded = True
        elif worker.attempts == self.rules.attempts:
            worker.onboarded = False

    def _unit_assigned(self, data: dict[str, Any], worker: Worker) -> None:
        assignment, kind, key = self._of_unit[data["unit"]]
        assert worker.onboarded is True, "no work before onboarding"
        assert worker.incorrect <= self.rules.max_incorrect, "no work after too many wrong golds"
        self._open(worker, data["agent"])
        assert not worker.assignments[assignment], "nobody has two units of one assignment"
        worker.assignments[assignment] += 1
        self._began[data["agent"]] = worker.new
        if kind == "gold":
            assert not worker.golds[key], "nobody gets an answered gold again"
        else:
            assert not worker.new, "enough golds come before the first unit"
            worker.units += 1
            assert worker.units <= self.rules.per_worker

    def _open(self, worker: Worker, agent: int) -> None:
        worker.open.add(agent)
        assert len(worker.open) <= self.rules.open_per_worker

    def _agent_ended(self, data: dict[str, Any], worker: Worker) -> None:
        worker.open.discard(data["agent"])
        if data["unit"] is not None:
            assignment, kind, _ = self._of_unit[data["unit"]]
            worker.assignments[assignment] -= 1
            worker.units -= kind == "real"

    def _unit_submitted(self, data: dict[str, Any], worker: Worker) -> None:
        worker.open.discard(data["agent"])
        _, kind, key = self._of_unit[data["unit"]]
        if not self._began[data["agent"]]:
            worker.pieces += 1
            worker.gold_pieces += kind == "gold"
        if kind == "real":
            worker.since_pass.append(data["unit"])
            return
        worker.golds[key] += 1
        if data["passed"]:
            worker.correct += 1
            worker.since_pass.clear()
        else:
            worker.incorrect += 1
            if worker.incorrect > self.rules.max_incorrect:
                self.expected_soft.update(worker.since_pass)

    def _unit_reviewed(self, data: dict[str, Any], worker: Worker) -> None:
        unit, *visit = data["moves"]
        assert unit == ["unit", data["unit"], "completed", "soft_rejected"]
        assert visit in ([], [["visit", data["visit"], "submitted", "approved"]])
        self.soft_rejected.add(data["unit"])
