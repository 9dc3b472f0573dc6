"""Review of submitted work by the people who run a task: what was submitted, and what becomes of it.

verdict = Verdict("accepted", note="well done", bonus=Decimal("0.50"), bonus_reason="careful")
reviewed = decide(database, [7, 8], verdict)      # outcomes, visits, bonuses and messages, written together
for problem in deliver(database, reviewed.runs):  # of crowdcore.runs, where no process serves the run
    print(problem)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from crowdcore.errors import RunError
from crowdcore.store.queries import budgets, reviews
from crowdcore.store.queries.units import MICROS

if TYPE_CHECKING:
    from crowdcore.store import Conn, Database
    from crowdcore.store.queries.reviews import Outcome, Work
    from crowdcore.store.queries.runs import RunRow

SLICE = 20
"""Units that are decided in one transaction: it must not hold up the workers' own."""


@dataclass(frozen=True)
class Verdict:
    """What is to become of submissions.

    `note` stays with the unit and reaches listeners; `tell` also sends it to the worker, through the platform.
    `bonus` (the run's currency) is owed for `bonus_reason`, the same one once. `visit`: reject the visit too.
    """

    outcome: Outcome
    note: str = ""
    tell: bool = False
    bonus: Decimal | None = None
    bonus_reason: str = ""
    visit: bool = False


@dataclass
class Reviewed:
    """What was done: units that changed, units that had this outcome before, rejected ones that were paid before.

    `problem` says what stopped it half-way: somebody else decided otherwise meanwhile.
    """

    changed: list[int] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    paid: list[int] = field(default_factory=list)
    bonuses: int = 0
    runs: set[int] = field(default_factory=set)
    problem: str | None = None


def decide(database: Database, units: Iterable[int], verdict: Verdict, *, actor: str = "operator") -> Reviewed:
    """Give each unit its outcome. Repeating it, after an interruption say, does what is left to do and no more.

    RunError, before anything is changed, if one of them cannot have it.
    """
    wanted = list(dict.fromkeys(units))
    named = frozenset(wanted)
    costs: Counter[int] = Counter()
    for part in _slices(wanted):
        costs.update(database.read(lambda c, part=part: _check(c, part, verdict, named)))  # type: ignore[misc]
    for run_id, micros in costs.items():
        database.read(lambda c, run_id=run_id, micros=micros: budgets.check(c, run_id, micros, hold=False))  # type: ignore[misc]
    reviewed = Reviewed()
    try:
        for part in _visits(database, wanted) if verdict.visit else _slices(wanted):
            _note(reviewed, database.write(lambda c, part=part: _decide_all(c, part, verdict, actor)))  # type: ignore[misc]
    except RunError as error:
        reviewed.problem = str(error)
    return reviewed


def _note(reviewed: Reviewed, done: list[tuple[reviews.Decision, bool]]) -> None:
    for decision, owed in done:
        unit = decision.work.unit_id
        (reviewed.changed if decision.changed else reviewed.same).append(unit)
        reviewed.bonuses += owed
        reviewed.runs.add(decision.work.run_id)
        if decision.rejected_though_paid:
            reviewed.paid.append(unit)


def _slices(units: list[int]) -> Iterator[list[int]]:
    return (units[n : n + SLICE] for n in range(0, len(units), SLICE))


def _visits(database: Database, units: list[int]) -> Iterator[list[int]]:
    """Slices in which no visit is cut apart: it is rejected with the last of its units, or nothing is."""
    visits: dict[int, list[int]] = {}
    for part in _slices(units):
        works = database.read(lambda c, part=part: [reviews.of_unit(c, unit) for unit in part])  # type: ignore[misc]
        for work in works:
            visits.setdefault(work.visit_id, []).append(work.unit_id)
    together: list[int] = []
    for of_visit in visits.values():
        together += of_visit
        if len(together) >= SLICE:
            yield together
            together = []
    if together:
        yield together


def _micros(amount: Decimal) -> int:
    """The amount in millionths: whether it is whole in the run's currency is asked with its unit."""
    if not amount.is_finite() or amount != round(amount, 6):
        raise RunError(f"a bonus of {amount} is no amount of money")
    return int(amount * MICROS)


def _check(conn: Conn, units: list[int], verdict: Verdict, named: frozenset[int]) -> dict[int, int]:
    """RunError if one of them cannot have it; millionths that it would promise anew, by run."""
    costs: Counter[int] = Counter()
    for unit in units:
        work = reviews.of_unit(conn, unit)
        reviews.check(work, verdict.outcome)
        if verdict.visit:
            reviews.check_visit(conn, work, named)
        if verdict.bonus is not None:
            bonus = _micros(verdict.bonus)
            if reviews.check_bonus(conn, work, bonus, verdict.bonus_reason.strip()) and not work.worker.simulated:
                costs[work.run_id] += bonus
        costs[work.run_id] += reviews.cost(conn, work, verdict.outcome)
    return dict(costs)


def _decide_all(
    conn: Conn, units: list[int], verdict: Verdict, actor: str
) -> list[tuple[reviews.Decision, bool]]:  # fmt: skip
    done = [_decide(conn, unit, verdict, actor) for unit in units]
    for unit in units if verdict.visit else ():  # once all units of the visits are rejected
        reviews.reject_visit(conn, unit, verdict.note, time.time(), actor=actor)
    return done


def _decide(conn: Conn, unit: int, verdict: Verdict, actor: str) -> tuple[reviews.Decision, bool]:
    now = time.time()
    decision = reviews.decide(conn, unit, verdict.outcome, now, actor=actor, note=verdict.note)
    if verdict.tell and verdict.note:
        reviews.tell(conn, unit, verdict.note, now)
    owed = verdict.bonus is not None and reviews.bonus(
        conn, unit, _micros(verdict.bonus), verdict.bonus_reason.strip(), now, actor=actor
    )
    return decision, owed


def submissions(
    database: Database, run: RunRow, *, statuses: tuple[str, ...] = ("completed",), worker: str | None = None,
    simulated: bool = False,
) -> Iterator[Work]:  # fmt: skip
    """The run's submissions in these states, the oldest first, read in pages."""
    after = 0
    while page := database.read(
        lambda c, after=after: reviews.page(  # type: ignore[misc]
            c, run.id, after, statuses=statuses, worker=worker, simulated=simulated
        )
    ):
        yield from page
        after = page[-1].agent_id
