"""Conversations that begin without everybody, and those that had to wait until others ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore.live import bot_seats
from crowdcore.live.rooms.seats import Changes, Seating
from crowdcore.store.queries import conversations, seats

if TYPE_CHECKING:
    from crowdcore.live.rooms.eligibility import Eligibility
    from crowdcore.store import Conn
    from crowdcore.store.queries.conversations import Room
    from crowdcore.work.context import RunContext


def go_without(conn: Conn, context: RunContext, seating: Seating, room: Room, how: str) -> None:
    """Nobody else is waited for: the empty units expire, bots take the seats if they are to, and it begins.

    `how`: launch_reduced, or stand_in:AT (the bot's place in `pairing.stand_in`). While too many conversations go on
    it waits for its turn, and the seats may still be taken by people.
    """
    if not seating.has_room():
        seating.decided(room, how)
        return
    reason, _, at = how.partition(":")
    each = context.config.blueprint.units_per_assignment
    free = conversations.free_seats(conn, room.assignment_id, room.base, each)
    seats.expire_seats(conn, free, reason)
    seating.moves += [("unit", seat.unit_id, "launched", "expired") for seat in free]
    seating.start(room.id)
    if at and context.stand_ins is not None:
        about = context.stand_ins.about(int(at))  # it said so before the launch
        for seat in free:
            seating.moves += bot_seats.take(conn, context, room.id, seat, int(at), about)[1]


def start_ready(conn: Conn, context: RunContext, eligible: Eligibility) -> Changes:
    """Start conversations in which nobody is waited for, and that waited for others to end, the oldest first."""
    seating = Seating(conn, context, eligible)
    most = context.config.pairing.max_conversations
    for conversation_id in conversations.ready(conn, context.run_id, most or 1000):
        if not seating.has_room():
            break
        room = conversations.room(conn, conversation_id)
        if room is not None and room.decided is not None:
            go_without(conn, context, seating, room, room.decided)
        else:
            seating.start(conversation_id)
    return seating.save("conversations_ready", "service")
