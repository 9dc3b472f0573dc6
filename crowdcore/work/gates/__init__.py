"""What stands between a worker and a unit: one pipeline of small named steps, for every blueprint and provider.

blocked → block_qualification → qualifications → allow_list → block_list → caps → steps of extensions →
onboarding → screening → gold → worker_can_do_unit → a unit. `steps.py` has the list. A refusal is an event
(`gate_refused`, with the gate's name); the event of work that is begun names the gates that were passed.
"""

from __future__ import annotations

from crowdcore.blueprints.short_form import ShortForm
from crowdcore.work.gates.check import Checker, check_items
from crowdcore.work.gates.extensions import Gate, ask_added, unchecked
from crowdcore.work.gates.judgement import JUDGED, Judgement, apply, judge
from crowdcore.work.gates.platform import platform_blocks
from crowdcore.work.gates.protocol import RETRY_AFTER, Asked, Piece, Refused, come_back, not_qualified, share_done
from crowdcore.work.gates.references import Known, defined
from crowdcore.work.gates.setup import Gates
from crowdcore.work.gates.steps import ALL, FIRST, LAST, passed_before, room_for_late, walk

__all__ = [
    "ALL", "FIRST", "JUDGED", "LAST", "RETRY_AFTER", "Asked", "Checker", "Gate", "Gates", "Judgement", "Known",
    "Piece", "Refused", "ShortForm", "apply", "ask_added", "blocked", "check_items", "come_back", "defined",
    "is_blocked", "judge", "not_qualified", "passed_before", "platform_blocks", "room_for_late", "share_done",
    "unchecked", "walk",
]  # fmt: skip


def blocked(reason: str | None) -> None:
    """Refuse a blocked worker. The reason is the operator's and is not shown."""
    if reason is not None:
        raise is_blocked()


def is_blocked() -> Refused:
    """The refusal of a blocked worker, before work and in the middle of it."""
    return Refused("blocked", 403, "blocked", "You can't take part in this task. If you think this is a mistake, "
                   "please write to the people who invited you.")  # fmt: skip
