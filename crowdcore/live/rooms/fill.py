"""Who can sit where: a matching of people and seats, without any I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

P = TypeVar("P")
S = TypeVar("S")


def fill(
    seats: Sequence[S], must: Sequence[P], may: Sequence[P], can: Callable[[P, S], bool],
    now: Mapping[P, S] | None = None,
) -> dict[P, S] | None:  # fmt: skip
    """Fill every seat with all of `must` and, in their order, some of `may`; None if that cannot be.

    `now` says where somebody sits already: they stay there if they can.
    """
    taken: dict[S, P] = {}

    def wishes(person: P) -> list[S]:
        own = (now or {}).get(person)
        return sorted((s for s in seats if can(person, s)), key=lambda s: s != own)

    def place(person: P, tried: set[S]) -> bool:
        for seat in wishes(person):
            if seat in tried:
                continue
            tried.add(seat)
            if seat not in taken or place(taken[seat], tried):
                taken[seat] = person
                return True
        return False

    if not all(place(person, set()) for person in must):
        return None
    for person in may:
        if len(taken) == len(seats):
            break
        place(person, set())
    return {person: seat for seat, person in taken.items()} if len(taken) == len(seats) else None
