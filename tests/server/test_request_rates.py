"""Who calls too fast is told when to come back; the others do not notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.errors import RequestError
from crowdcore.server.http.rates import Buckets, Places, network
from crowdcore.testing import ManualClock, serve
from tests import web


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


def test_one_address_has_one_rate_whatever_its_agents(tmp_path: Path) -> None:
    """A proxy that is named says whose request it is; this machine's own are spared."""
    task = {
        "task": {"name": "rates"}, "blueprint": {"type": "mock", "num_assignments": 0}, "provider": {"type": "mock"},
        "architect": {"type": "local", "port": 0, "trusted_proxies": ["127.0.0.1"]},
    }  # fmt: skip
    clock = ManualClock()
    with serve(task, data_dir=tmp_path, clock=clock) as run, web.Client(base_url=run.url) as client:

        def enter(address: str) -> int:
            headers = {"X-Forwarded-For": address}
            return client.post("api/v1/agents", json={"params": {}}, headers=headers).status_code

        assert {enter(f"2001:db8::{n:x}") for n in range(600)} == {200}
        assert enter("2001:db8::1:1") == 429
        assert enter("2001:db8:0:1::1") == 200
        assert enter("127.0.0.1") == 200
        clock.advance(1)
        assert enter("2001:db8::1:2") == 200


@pytest.mark.parametrize(
    ("address", "behind"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:0db8:0000:0000"), ("2001:db8:0:0:9::", "2001:0db8:0000:0000"),
     ("::ffff:192.0.2.7", "192.0.2.7"), ("no address", "no address"), ("a" * 1000, "a" * 100)],
)  # fmt: skip
def test_who_is_behind_an_address(address: str, behind: str) -> None:
    assert network(address) == behind


def test_places_are_given_back_whatever_happens() -> None:
    places = Places(1)

    def fail() -> None:
        with places.hold("a") as held, places.hold("a") as again, places.hold("b") as other:
            assert (held, again, other) == (True, False, True)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    with places.hold("a") as held:
        assert held
