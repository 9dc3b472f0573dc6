"""How a conversation, or a call in it, can end. What a blueprint does not catch ends the conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal["done", "failed", "left", "timed_out", "max_duration", "stand_in_failed", "replay_mismatch", "stopped"]


class Left(Exception):
    """Somebody is gone for good, and the conversation is to end within a few seconds.

    `seat` counts from 0, `reason` is left, returned, timed_out or stand_in_failed. A blueprint may raise it itself:
    `raise Left(seat, "timed_out")` says that this person did not act in time.
    """

    def __init__(self, seat: int, reason: str = "left") -> None:
        super().__init__(f"seat {seat}: {reason}")
        self.seat = seat
        self.reason = reason


class Silence(TimeoutError):
    """`receive` waited in vain, for `seat` (None: for anybody)."""

    def __init__(self, seat: int | None) -> None:
        super().__init__("nobody said anything" if seat is None else f"seat {seat} said nothing")
        self.seat = seat


class Ended(Exception):
    """The conversation is over: nothing can be received or sent any more."""

    def __init__(self) -> None:
        super().__init__("the conversation is over")


@dataclass(frozen=True)
class Ending:
    """How a conversation ended: `seat` is who caused it (None: nobody), `why` a word, `detail` a line for the log.

    `left`: somebody left (`why`: left, returned), or did not act in time (`why`: timed_out). `timed_out`: nobody said
    anything for as long as the blueprint waits. `failed`: the blueprint raised.
    """

    reason: Reason
    seat: int | None = None
    why: str = ""
    detail: str = ""
