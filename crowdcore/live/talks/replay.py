"""What crossed between a blueprint and the core: recorded, and played back after a crash.

A crossing is a list: [kind, fruitless, …]. `fruitless` counts the receives since the last crossing that got nothing
(timeouts, empty polls, cancelled ones).

    ["receive", k, n]                 message n of the journal came out of `receive`
    ["left", k, seat, reason]         `receive` raised Left
    ["send" | "turn" | …, k, digest]  something went out; the digest is of what
    ["seat", k, seat, old, new]       agent `new` took the seat of `old`

Crossings are written with the next thing that goes out, in its transaction. Receives that nothing followed are not:
nobody can have seen what came of them, so after a crash they simply happen again, on the messages of the journal.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crowdcore.errors import CrowdError
from crowdcore.state import canonical

Crossing = list[Any]


class Mismatch(CrowdError):
    """The blueprint does something else than before the crash."""

    exit_code = 1


@dataclass(frozen=True)
class Nothing:
    """A receive that got nothing."""


@dataclass(frozen=True)
class Got:
    """A receive that got message `n` of the journal."""

    n: int


@dataclass(frozen=True)
class Gone:
    """A receive that heard that `seat` is gone."""

    seat: int
    reason: str


class Crossings:
    """The crossings of one conversation: first those of before are played back, then new ones are recorded."""

    def __init__(self, recorded: Iterable[Crossing] = ()) -> None:
        self._recorded = deque(recorded)
        self._fruitless = self._recorded[0][1] if self._recorded else 0
        self._pending: list[Crossing] = []
        self.played = 0
        """Crossings played back so far."""
        self.steps = 0
        """The same, and receives that got nothing."""

    @property
    def replaying(self) -> bool:
        """Whether there is something left to play back."""
        return bool(self._recorded)

    # Playing back

    def receive(self) -> Nothing | Got | Gone:
        """What this receive got before the crash; Mismatch if something else happened then."""
        if self._fruitless:
            self._fruitless -= 1
            self.steps += 1
            return Nothing()
        kind, _, *what = self._recorded[0]
        if kind == "receive":
            self._next()
            return Got(what[0])
        if kind == "left":
            self._next()
            return Gone(what[0], what[1])
        raise self._mismatch("receive")

    def went_out(self, kind: str, digest: str) -> None:
        """Something went out before the crash: Mismatch unless it was this."""
        recorded, _, *what = self._recorded[0]
        if self._fruitless or recorded != kind:
            raise self._mismatch(kind)
        if what[0] != digest:
            raise Mismatch(f"call {self.played + 1}: {kind} with something else than before the crash")
        self._next()

    def seats(self) -> list[tuple[int, int]]:
        """(seat, agent) of those who took a seat at this point, oldest first; they are played back by this call."""
        taken = []
        while self._recorded and self._recorded[0][0] == "seat" and not self._fruitless:
            _, _, seat, _, agent = self._recorded[0]
            taken.append((seat, agent))
            self._next()
        return taken

    def first_agents(self) -> dict[int, int]:
        """Seat → the agent who had it at the start, for the seats that others have taken since."""
        first: dict[int, int] = {}
        for kind, _, *what in self._recorded:
            if kind == "seat":
                first.setdefault(what[0], what[1])
        return first

    def _next(self) -> None:
        self._recorded.popleft()
        self.played += 1
        self.steps += 1
        self._fruitless = self._recorded[0][1] if self._recorded else 0

    def _mismatch(self, now: str) -> Mismatch:
        then = "receive" if self._fruitless else self._recorded[0][0]
        return Mismatch(f"call {self.played + 1}: {now} where there was {_WORDS.get(then, then)} before the crash")

    # Recording

    def missed(self) -> None:
        """A receive got nothing."""
        self._fruitless += 1

    def note(self, kind: str, *what: Any) -> None:
        """Something crossed; it is written with the next thing that goes out."""
        self._pending.append([kind, self._fruitless, *what])
        self._fruitless = 0

    def take_back(self, n: int) -> bool:
        """Forget the receive of message `n`, if it was noted last and is not written yet."""
        if not self._pending or self._pending[-1][0] != "receive" or self._pending[-1][2] != n:
            return False
        _, self._fruitless, _ = self._pending.pop()
        return True

    def pending(self) -> str:
        """What is to be written, as JSON."""
        return canonical(self._pending)

    def written(self) -> None:
        """What `pending` said is stored."""
        self._pending = []


_WORDS = {"left": "a receive that heard of somebody's leaving", "seat": "a change of seats"}


def digest(*what: Any) -> str:
    """16 hexadecimal digits that name what went out (JSON); ValueError or TypeError if it is not JSON."""
    return hashlib.sha256(canonical(what).encode("utf-8", "surrogatepass")).hexdigest()[:16]
