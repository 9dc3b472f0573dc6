"""What a step of the pipeline is asked, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crowdcore.errors import RequestError

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.store import Conn
    from crowdcore.store.queries.known_items import Known
    from crowdcore.types import Worker
    from crowdcore.work.gates.setup import Gates


@dataclass(frozen=True)
class Asked:
    """Who wants work, and what steps judge them by. `now` is in seconds since the epoch."""

    config: RunConfig
    gates: Gates
    run_id: int
    task_id: int
    worker: Worker
    grants: Mapping[str, int]
    now: float


@dataclass(frozen=True)
class Piece:
    """What the worker must do before a unit; `known` is its item (None: the onboarding's, or a real unit's)."""

    kind: Literal["onboarding", "screening", "gold"]
    known: Known | None = None


Step = Callable[["Conn", Asked], Piece | None]
"""One gate: None lets the worker pass, a Piece is to be done first; RequestError refuses them."""


class Refused(RequestError):
    """A refusal that knows its gate."""

    def __init__(self, gate: str, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(status, code, detail, **extra)
        self.gate = gate


def not_qualified(text: str = "This task is not open to you this time. Thank you for your interest!") -> RequestError:
    """The neutral refusal: it does not tell what was asked for."""
    return RequestError(403, "not_qualified", text)


def too_many_open() -> RequestError:
    """The refusal of somebody who has other work open."""
    return RequestError(409, "too_many_open", "You have other work open here. Please finish it or give it back "
                        "first; then come back to this page.")  # fmt: skip


def share_done() -> RequestError:
    """The refusal of somebody who has done all they may do here."""
    return RequestError(409, "too_many_units", "You have done everything you may do in this task. Thank you!")


def come_back() -> RequestError:
    """The refusal of somebody who may look again soon."""
    return RequestError(409, "no_available_units", "All work is taken at the moment. Some of it may come back: "
                        "this page looks again by itself.", retry_after=RETRY_AFTER)  # fmt: skip


RETRY_AFTER = 20
"""Seconds after which a page asks again for work."""
