"""Who may sit where: what `worker_can_do_unit` answered, asked outside of transactions and remembered."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from crowdcore.errors import HookFailed
from crowdcore.live import seat_names
from crowdcore.store.queries import units, workers
from crowdcore.store.queries.units import Free
from crowdcore.types import Refusal

if TYPE_CHECKING:
    from crowdcore.store.queries.conversations import Seat
    from crowdcore.types import Worker
    from crowdcore.work.context import RunContext

log = logging.getLogger("crowdcore.live")

FRESH_FOR = 60.0
"""Seconds for which answers are used again when somebody comes anew."""
MOST = 10_000
"""Workers whose answers are kept."""


class Question(NamedTuple):
    """Whether this agent's worker may do this unit."""

    agent_id: int
    worker_id: int
    unit_id: int


class Unanswered(Exception):
    """A plan that needs answers first; nothing has been changed."""

    def __init__(self, questions: Iterable[Question]) -> None:
        super().__init__()
        self.questions = list(questions)


@dataclass
class _Answers:
    since: float
    of: dict[int, bool] = field(default_factory=dict)


class Eligibility:
    """The answers of one run, by worker. `open_to_all`: no plugin has a say."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._known: OrderedDict[int, _Answers] = OrderedDict()
        self.open_to_all = not context.hooks.has("worker_can_do_unit")

    def may(self, question: Question) -> bool | None:
        """The answer, None if it was not asked yet. Safe inside transactions."""
        if self.open_to_all:
            return True
        known = self._known.get(question.worker_id)
        return None if known is None else known.of.get(question.unit_id)

    def forget(self, worker_id: int) -> None:
        """The worker waits no longer."""
        self._known.pop(worker_id, None)

    async def first(self, worker: Worker, seats: Iterable[Seat]) -> tuple[list[Free], Refusal | None]:
        """The first of these seats that the worker may take, or the last refusal.

        HookFailed if there is none, and about one the plugins could not say.
        """
        known = self._known.get(worker.id)
        if known is not None and known.since < self._context.clock.ticks() - FRESH_FOR:
            self.forget(worker.id)
        refusal: Refusal | None = None
        failure: HookFailed | None = None
        for seat in seats:
            try:
                refusal = await self._answer(worker, seat.unit_id)
            except HookFailed as error:
                failure = error
                if error.reason != "error":
                    raise
                continue
            if refusal is None:
                unit = await self._context.db.aread(lambda c, s=seat: units.get(c, s.unit_id))  # type: ignore[misc]
                return [Free(unit.id, unit.assignment.id, unit.seat)], None
        if failure is not None:
            raise failure
        return [], refusal

    async def ask(self, questions: Iterable[Question]) -> None:
        """Ask the plugins; one that fails or is busy refuses, this time."""
        known: dict[int, Worker] = {}
        for question in questions:
            id = question.worker_id
            if id not in known:
                known[id] = await self._context.db.aread(lambda c, i=id: workers.get(c, i))  # type: ignore[misc]
            worker = known[id]
            try:
                await self._answer(worker, question.unit_id)
            except HookFailed as failure:
                log.error("%s: worker %s gets no seat now: %s", self._context.name, worker.name, failure)
                self._keep(worker.id, question.unit_id, answer=False)

    async def _answer(self, worker: Worker, unit_id: int) -> Refusal | None:
        unit = await self._context.db.aread(lambda c: units.get(c, unit_id))
        unit = replace(unit, role=seat_names.role(self._context.config, unit.seat))
        refusal = await self._context.hooks.worker_can_do_unit(worker, unit)
        self._keep(worker.id, unit_id, answer=refusal is None)
        return refusal

    def _keep(self, worker_id: int, unit_id: int, *, answer: bool) -> None:
        if worker_id not in self._known:
            self._known[worker_id] = _Answers(self._context.clock.ticks())
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        self._known[worker_id].of[unit_id] = answer
