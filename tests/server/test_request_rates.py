"""Who calls too fast is told when to come back; the others do not notice."""

from __future__ import annotations

import pytest

from crowdcore.errors import RequestError
from crowdcore.server.rates import Buckets
from crowdcore.testing import ManualClock


def test_a_burst_passes_then_the_rate_holds() -> None:
    clock = ManualClock()
    buckets = Buckets(10, clock)
    for _ in range(20):
        buckets.take("a")
    with pytest.raises(RequestError) as refusal:
        buckets.take("a")
    assert (refusal.value.status, refusal.value.code) == (429, "too_fast")
    buckets.take("b")
    clock.advance(refusal.value.extra["retry_after"])
    buckets.take("a")
    with pytest.raises(RequestError):
        buckets.take("a")


def test_full_buckets_are_forgotten() -> None:
    clock = ManualClock()
    buckets = Buckets(10, clock)
    for key in range(19_000):
        buckets.take(key)
    clock.advance(60)
    for key in range(2_000):
        buckets.take(-1 - key)
    assert len(buckets._state) <= 2_000


def test_zero_is_no_limit() -> None:
    buckets = Buckets(0, ManualClock())
    for _ in range(1000):
        buckets.take("a")
