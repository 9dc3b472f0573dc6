"""The states of units, agents, visits, conversations and runs, and every legal move, as data.

Nothing else in the product writes a status: the store's moves call `check_move` (or name a legal
set in a statement's WHERE clause built from `sources`), and an illegal move raises.
"""

from __future__ import annotations

from typing import Final, Literal

UnitStatus = Literal["created", "launched", "assigned", "completed", "accepted", "soft_rejected", "rejected", "expired"]
AgentStatus = Literal["waiting", "in_task", "completed", "ended"]
VisitStatus = Literal["open", "submitted", "approved", "rejected", "returned", "timed_out", "screened_out"]
RunStatus = Literal["launching", "running", "paused", "draining", "finished", "stopped"]
EndReason = Literal["returned", "left", "timed_out", "expired", "replaced", "blocked", "removed"]
AssignmentKind = Literal["real", "gold", "screening", "onboarding"]
AgentKind = Literal["onboarding", "screening", "gold", "unit", "after_task", "bot"]
ConversationStatus = Literal["waiting", "live", "ended"]
Kind = Literal["unit", "agent", "visit", "run", "conversation"]

_MOVES: Final[dict[Kind, dict[str, frozenset[str]]]] = {
    "unit": {
        "created": frozenset({"launched", "expired"}),
        "launched": frozenset({"assigned", "expired", "completed"}),
        "assigned": frozenset({"completed", "launched", "expired"}),
        "completed": frozenset({"accepted", "soft_rejected", "rejected"}),
        "accepted": frozenset({"soft_rejected"}),
        "soft_rejected": frozenset({"accepted"}),
        "rejected": frozenset({"accepted"}),
        "expired": frozenset({"completed"}),
    },
    "agent": {
        "waiting": frozenset({"in_task", "ended"}),
        "in_task": frozenset({"completed", "ended"}),
        "completed": frozenset(),
        "ended": frozenset({"completed"}),
    },
    "visit": {
        "open": frozenset({"submitted", "returned", "timed_out", "screened_out"}),
        "submitted": frozenset({"approved", "rejected"}),
        "rejected": frozenset({"approved"}),
        "approved": frozenset(),
        "returned": frozenset(),
        "timed_out": frozenset({"submitted"}),  # only by accepting a late submission
        "screened_out": frozenset(),
    },
    "conversation": {
        "waiting": frozenset({"live", "ended"}),
        "live": frozenset({"ended"}),
        "ended": frozenset(),
    },
    "run": {
        "launching": frozenset({"running", "draining", "stopped"}),
        "running": frozenset({"paused", "draining", "stopped"}),
        "paused": frozenset({"running", "draining", "stopped"}),
        "draining": frozenset({"finished", "stopped", "running"}),  # running: the limit that ended it was raised
        "finished": frozenset(),
        "stopped": frozenset({"launching", "running", "draining"}),
    },
}

OPEN_UNIT: Final = ("created", "launched", "assigned")
OPEN_AGENT: Final = ("waiting", "in_task")
LIVE_RUN: Final = ("launching", "running", "paused", "draining")
DONE_UNIT: Final = ("completed", "accepted", "soft_rejected", "rejected")


class IllegalMove(Exception):
    """A move that the tables above do not allow: a defect of the product, never of a worker."""


def check_move(kind: Kind, source: str, target: str) -> None:
    """Raise IllegalMove unless a `kind` may go from `source` to `target`."""
    if target not in _MOVES[kind].get(source, frozenset()):
        raise IllegalMove(f"{kind}: {source} -> {target}")


def moves(kind: Kind) -> dict[str, frozenset[str]]:
    """Every legal move of a `kind`: source -> targets."""
    return dict(_MOVES[kind])
