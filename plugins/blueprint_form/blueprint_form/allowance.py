"""How much of the server's computing one worker's patterns may take over many answers, sent one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from blueprint_form.patterns import TIME_LIMIT, Budget

SHARE = 0.005
"""Seconds of computing that come back in each second."""
LEAST = 0.001
"""Seconds that an answer has in any case: patterns that do not explode take microseconds."""
_SWEEP_AT = 10_000


class Allowances:
    """One answer may use its whole budget up; whoever sends another such one at once has what has come back since."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._used: dict[int, tuple[float, float]] = {}  # by agent: seconds, and when that was

    @contextmanager
    def budget(self, agent: int) -> Iterator[Budget]:
        """The budget of one answer of this agent; what is used of it within the block is counted."""
        budget = Budget()
        budget.left = given = min(budget.left, max(LEAST, TIME_LIMIT - self._owed(agent)))
        try:
            yield budget
        finally:
            used = given - budget.left
            if used > LEAST:
                self._used[agent] = self._owed(agent) + used, self._clock()
                if len(self._used) > _SWEEP_AT:
                    self._used = {one: self._used[one] for one in list(self._used) if self._owed(one)}

    def _owed(self, agent: int) -> float:
        used, at = self._used.get(agent, (0.0, 0.0))
        return max(0.0, used - (self._clock() - at) * SHARE)
