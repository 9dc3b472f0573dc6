"""How often one agent or one address may call, and how many of something it may hold at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil

from crowdcore.base.clock import Clock
from crowdcore.errors import RequestError

_SWEEP_AT = 20_000
_GRAIN = 0.01
"""Of one call: what rounding and floating point may cost somebody who waited exactly as told."""


class Buckets:
    """One bucket per key, `rate` calls per second, bursts of `2 * rate` or as said; rate 0 lets all pass."""

    def __init__(self, rate: float, clock: Clock, burst: float | None = None) -> None:
        self._rate = rate
        self._burst = 2 * rate if burst is None else burst
        self._clock = clock
        self._state: dict[object, tuple[float, float]] = {}

    def take(self, key: object) -> None:
        """Count one call of `key`; RequestError 429 with `retry_after` (seconds) if it is too fast."""
        if not self._rate:
            return
        now = self._clock.ticks()
        self._state[key] = (self._left(key, now) - 1, now)
        if len(self._state) > _SWEEP_AT:
            self._sweep(now)

    def check(self, key: object) -> None:
        """What `take` raises, without counting anything."""
        if self._rate:
            self._left(key, self._clock.ticks())

    def _left(self, key: object, now: float) -> float:
        left, at = self._state.get(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        if left < 1 - _GRAIN:
            wait = ceil((1 - left) / self._rate * 1000) / 1000
            raise RequestError(429, "too_fast", "Too many requests at once. Wait a moment.", retry_after=wait)
        return left

    def _sweep(self, now: float) -> None:
        """Forget those whose bucket is full again: a fresh one is the same."""
        refill = self._burst / self._rate
        self._state = {key: state for key, state in self._state.items() if now - state[1] < refill}


class Places:
    """At most `most` of something at a time for each key; 0 = no limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[object] = Counter()

    @contextmanager
    def hold(self, key: object) -> Iterator[bool]:
        """Hold a place of `key` within the block; False: all are taken, and none is held."""
        if self._most and self._taken[key] >= self._most:
            yield False
            return
        self._taken[key] += 1
        try:
            yield True
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]


@lru_cache(4096)
def is_local(address: str) -> bool:
    """Whether `address` is this machine's own."""
    if address == "":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


@lru_cache(4096)
def network(address: str) -> str:
    """Who is behind `address`: itself, or the /64 of an IPv6 address, for one customer has all of those."""
    try:
        known = ip_address(address)
    except ValueError:
        return address[:100]  # a proxy's word for it
    if not isinstance(known, IPv6Address):
        return address
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return known.exploded[:19]
