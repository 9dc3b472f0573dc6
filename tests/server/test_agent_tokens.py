"""A token speaks for one agent of one run, until it is too old; a restart does not matter."""

from __future__ import annotations

import pytest

from crowdcore.errors import RequestError
from crowdcore.server.tokens import Tokens, simulation_pass
from crowdcore.testing import ManualClock


def tokens(clock: ManualClock, *, key: bytes = b"k" * 32, identity: str = "demo-1@5.0") -> Tokens:
    return Tokens(key, identity, clock, max_age=100.0)


def refused(call: Tokens, token: str | bytes) -> bool:
    with pytest.raises(RequestError) as refusal:
        call.read(token)
    return (refusal.value.status, refusal.value.code) == (401, "bad_token")


def test_a_token_is_good_for_its_agent_after_a_restart() -> None:
    clock = ManualClock()
    assert tokens(clock).read(tokens(clock).make(7)) == 7


def test_other_keys_runs_and_databases_do_not_know_it() -> None:
    clock = ManualClock()
    token = tokens(clock).make(7)
    assert refused(tokens(clock, key=b"o" * 32), token)
    assert refused(tokens(clock, identity="demo-2@5.0"), token)
    assert refused(tokens(clock, identity="demo-1@6.0"), token)  # same name, made anew


def test_it_ends_with_its_age_and_survives_a_clock_set_back() -> None:
    clock = ManualClock()
    token = tokens(clock).make(7)
    clock.jump(-3600)
    assert tokens(clock).read(token) == 7
    clock.jump(3600 + 101)
    assert refused(tokens(clock), token)


@pytest.mark.parametrize("change", [
    lambda t: "", lambda t: "x", lambda t: t[:-1], lambda t: "8" + t[1:], lambda t: t + "A",
    lambda t: t.replace(".", "", 1), lambda t: "ÿ" + t, lambda t: t + "\n",
])  # fmt: skip
def test_a_changed_token_is_none(change: object) -> None:
    box = tokens(ManualClock())
    assert refused(box, change(box.make(7)))  # type: ignore[operator]


def test_only_the_key_marks_workers_as_simulated() -> None:
    box = tokens(ManualClock())
    box.check_simulation(simulation_pass(b"k" * 32, "demo-1@5.0").encode())
    others = [simulation_pass(b"o" * 32, "demo-1@5.0"), simulation_pass(b"k" * 32, "x")]
    for wrong in (b"", b"1", *(other.encode() for other in others)):
        with pytest.raises(RequestError):
            box.check_simulation(wrong)
