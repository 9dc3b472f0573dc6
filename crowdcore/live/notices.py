"""What people are told of where they are: `status` frames, and what a waiting room says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from crowdcore.live import seat_names
from crowdcore.work.documents import phase

if TYPE_CHECKING:
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.conversations import Room
    from crowdcore.work.context import RunContext

Present = Callable[[int], bool]

LEFT = "Somebody has left this conversation. You can finish, and you are paid."
GONE = "Somebody has lost their connection. Wait for them, or finish: you are paid either way."
FAILED = "Something went wrong on our side, and the conversation is over. You can finish, and you are paid."
LONG = "The time for this conversation is over. You can finish now."
NOTES = {
    "left": LEFT, "failed": FAILED, "max_duration": LONG, "timed_out": LONG, "stand_in_failed": LEFT,
    "replay_mismatch": FAILED,
}  # fmt: skip
"""What is said about the end of a conversation, by its reason."""
ENDED = {
    "returned": "You gave this work back.",
    "left": "You were away for too long, so this ended.",
    "timed_out": "You did not answer in time, so this ended.",
    "expired": "This has ended.",
    "replaced": "You did not answer in time, so this ended.",
    "blocked": "The people who run this task do not accept work from your account any more.",
}


def waiting(context: RunContext, kind: str, room: Room | None) -> dict[str, Any]:
    """What somebody is told who waits: how many are there, until when (seconds since the epoch), what then."""
    pairing = context.config.pairing
    seats = 1 if kind == "onboarding" else context.config.blueprint.units_per_assignment
    deadline = None if room is None else room.deadline
    return {
        "seats": seats,
        "present": 0 if room is None else len(room.members),
        "timeout": pairing.timeout,
        "until": None if deadline is None else context.service.wall(deadline),
        "now": context.clock.now(),
        # Where workers are not told of a program, neither are they told that one may come.
        "then": "start" if pairing.on_timeout == "stand_in" and not pairing.disclose else pairing.on_timeout,
        "pay": str(pairing.waiting_pay),
        "currency": context.currency,
        "full": room is not None and deadline is None,
    }


def status(word: str, phase: str, *, you: str | None = None, people: Iterable[Mapping[str, Any]] = (),
           note: str | None = None, waiting: Mapping[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    """A `status` frame."""
    return {"type": "status", "status": word, "phase": phase, "you": you, "people": list(people), "note": note,
            "waiting": waiting}  # fmt: skip


def in_room(context: RunContext, room: Room, agent_id: int) -> dict[str, Any]:
    """The frame of somebody who waits in `room`."""
    config = context.config
    people = [
        {
            "name": seat_names.display(config, m.seat),
            "role": seat_names.role(config, m.seat),
            "present": True,
            "bot": False,
        }
        for m in room.members
    ]
    you = next((seat_names.display(config, m.seat) for m in room.members if m.agent_id == agent_id), None)
    return status("waiting", "waiting", you=you, people=people, waiting=waiting(context, "unit", room))


def people(context: RunContext, rows: Iterable[AgentRow], present: Present) -> list[dict[str, Any]]:
    """The people and bots of a conversation, as those in it may know them."""
    config, told = context.config, context.config.pairing.disclose
    return [
        {
            "name": row.name, "role": "" if row.unit is None else seat_names.role(config, row.unit.seat),
            "present": row.status == "in_task" and (row.kind == "bot" or present(row.id)),
            "bot": told and row.kind == "bot",
        }
        for row in rows
    ]  # fmt: skip


def in_conversation(
    context: RunContext, me: AgentRow, rows: Iterable[AgentRow], present: Present, *, missing: bool = False
) -> dict[str, Any]:  # fmt: skip
    """The frame of somebody in a conversation that goes on; `missing`: they may finish without somebody."""
    told = people(context, rows, present)
    note = context.config.pairing.disclosure if any(one["bot"] for one in told) else None
    word = "partner_left" if missing else "in_task"
    return status(word, phase(me), you=me.name, people=told, note=GONE if missing else note)


def after(
    context: RunContext, me: AgentRow, rows: Iterable[AgentRow], present: Present, reason: str | None
) -> dict[str, Any]:  # fmt: skip
    """The frame of somebody whose conversation is over, and who is to finish."""
    word = "partner_left" if reason in ("left", "stand_in_failed") else "completed"
    told = people(context, rows, present)
    return status(word, phase(me), you=me.name, people=told, note=NOTES.get(reason or ""))


def over(me: AgentRow, reason: str | None = None, note: str | None = None) -> dict[str, Any]:
    """The last frame of somebody who has submitted, or ended for `reason`."""
    if reason is None and me.status != "ended":
        return status("completed", "done", you=me.name)
    why = reason or me.end_reason or ""
    return status("ended", "done", you=me.name, note=note or ENDED.get(why))
