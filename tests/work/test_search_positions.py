"""A unit that comes back is offered to whoever is past it, and costs as much with many workers as with few."""

from __future__ import annotations

import random

import pytest

from crowdcore.store.queries.units import START
from crowdcore.work import match
from crowdcore.work.match import Positions


class Counted(tuple[int, int]):
    """A position that counts how often it is compared."""

    compared = 0

    def __gt__(self, other: object) -> bool:
        Counted.compared += 1
        return tuple(self) > tuple(other)  # type: ignore[arg-type]

    def __lt__(self, other: object) -> bool:
        Counted.compared += 1
        return tuple(self) < tuple(other)  # type: ignore[arg-type]


def comparisons(workers: int) -> int:
    """How many it takes that 100 units come back, and one worker looks after each."""
    positions = Positions()
    for worker in range(workers):
        positions.set(worker, Counted((0, 1000 + worker)))
    Counted.compared = 0
    for unit in range(100, 0, -1):
        positions.freed(0, unit)
        assert positions.get(unit) == (0, unit - 1)
    return Counted.compared


def test_a_unit_that_comes_back_costs_no_more_with_more_workers() -> None:
    assert comparisons(20_000) == comparisons(200) <= 200


@pytest.mark.parametrize("kept", [10_000, 8])
@pytest.mark.parametrize("seed", range(20))
def test_nobody_misses_what_came_back(seed: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the plain rule: every search past it goes back to just before it. With little room it may go further."""
    monkeypatch.setattr(match, "MAX_FREED", kept, raising=False)
    chance, positions, plain = random.Random(seed), Positions(), dict[int, tuple[int, int]]()
    for _ in range(400):
        worker, place = chance.randrange(6), (chance.randrange(2), chance.randrange(1, 60))
        what = chance.randrange(5)
        if what < 2:
            positions.set(worker, place)
            plain[worker] = place
        elif what < 4:
            positions.freed(*place)
            before = (place[0], place[1] - 1)
            plain = {one: min(where, before) for one, where in plain.items()}
        else:
            positions.forget(worker)
            plain.pop(worker, None)
        for one in range(6):
            due = plain.get(one, START)
            assert positions.get(one) == due if kept > 100 else positions.get(one) <= due
