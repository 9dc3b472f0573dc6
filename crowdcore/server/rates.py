"""Token buckets: how often one agent or one address may call."""

from __future__ import annotations

from math import ceil

from crowdcore.clock import Clock
from crowdcore.errors import RequestError

_SWEEP_AT = 20_000
_GRAIN = 0.01
"""Of one call: what rounding and floating point may cost somebody who waited exactly as told."""


class Buckets:
    """One bucket per key, `rate` calls per second, bursts of `2 * rate`; rate 0 lets all pass."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate = rate
        self._burst = 2 * rate
        self._clock = clock
        self._state: dict[object, tuple[float, float]] = {}

    def take(self, key: object) -> None:
        """Count one call of `key`; RequestError 429 with `retry_after` (seconds) if it is too fast."""
        if not self._rate:
            return
        now = self._clock.ticks()
        left, at = self._state.get(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        if left < 1 - _GRAIN:
            wait = ceil((1 - left) / self._rate * 1000) / 1000
            raise RequestError(429, "too_fast", "Too many requests at once. Wait a moment.", retry_after=wait)
        self._state[key] = (left - 1, now)
        if len(self._state) > _SWEEP_AT:
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        """Forget those whose bucket is full again: a fresh one is the same."""
        refill = self._burst / self._rate
        self._state = {key: state for key, state in self._state.items() if now - state[1] < refill}
