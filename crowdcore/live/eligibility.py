"""Who may sit where: what `worker_can_do_unit` answered, asked outside of transactions and remembered."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from crowdcore.errors import HookFailed
from crowdcore.live import names
from crowdcore.store import units, workers

if TYPE_CHECKING:
    from crowdcore.context import RunContext

log = logging.getLogger("crowdcore.live")


class Question(NamedTuple):
    """Whether this agent's worker may do this unit."""

    agent_id: int
    worker_id: int
    unit_id: int


class Unanswered(Exception):
    """A transaction that needs answers first; it has changed nothing."""

    def __init__(self, questions: Iterable[Question]) -> None:
        super().__init__()
        self.questions = list(questions)


class Eligibility:
    """The answers of one run, kept for as long as an agent waits. `open_to_all`: no plugin has a say."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._known: dict[int, dict[int, bool]] = {}
        self.open_to_all = not context.hooks.has("worker_can_do_unit")

    def may(self, question: Question) -> bool | None:
        """The answer, None if it was not asked yet. Safe inside transactions."""
        return True if self.open_to_all else self._known.get(question.agent_id, {}).get(question.unit_id)

    def forget(self, agent_id: int) -> None:
        """The agent waits no longer."""
        self._known.pop(agent_id, None)

    async def ask(self, questions: Iterable[Question]) -> None:
        """Ask the plugins; one that fails or is busy refuses, this time."""
        for agent_id, worker_id, unit_id in questions:
            unit = await self._context.db.aread(lambda c, u=unit_id: units.get(c, u))  # type: ignore[misc]
            unit = replace(unit, role=names.role(self._context.config, unit.seat))
            worker = await self._context.db.aread(lambda c, w=worker_id: workers.get(c, w))  # type: ignore[misc]
            try:
                refusal = await self._context.hooks.worker_can_do_unit(worker, unit)
            except HookFailed as failure:
                log.error("%s: worker %s gets no seat %d: %s", self._context.name, worker.name, unit_id, failure)
                self._known.setdefault(agent_id, {})[unit_id] = False
            else:
                self._known.setdefault(agent_id, {})[unit_id] = refusal is None
