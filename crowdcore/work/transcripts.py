"""Conversations as they were: who took part and what was said, for the states of agents and for exports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crowdcore.store.queries import agents, conversations, journal

if TYPE_CHECKING:
    from crowdcore.state import AgentState
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow


def about(bot: str | None) -> dict[str, Any] | None:
    """Who a stand-in is, {"name", "model", "version", "instructions"}, as its agent's row has it; None for a person."""
    return None if bot is None else _about(json.loads(bot))


def _about(bot: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in bot.items() if key != "at"}  # its place in pairing.stand_in


def seat_of(row: AgentRow) -> int:
    """The seat of an agent in its conversation, from 0."""
    return 0 if row.unit is None else row.unit.seat % row.unit.assignment.units


def people(conn: Conn, roles: Sequence[str], conversation_id: int) -> list[dict[str, Any]]:
    """Who sits in a conversation, by seat; of two who had one after the other, the last. `roles`: the seats' names."""
    rows = {seat_of(row): row for row in agents.of_conversation(conn, conversation_id)}
    return [
        {
            "seat": seat, "name": rows[seat].name, "role": roles[seat] if seat < len(roles) else "",
            "person": rows[seat].bot is None, "bot": about(rows[seat].bot),
        }
        for seat in sorted(rows)
    ]  # fmt: skip


def messages(conn: Conn, conversation_id: int) -> list[dict[str, Any]]:
    """What people and bots said, oldest first: {"sender", "seat", "person", "bot", "data", "at"}.

    `at` is in seconds since the epoch; `bot` is who said it (null for a person).
    """
    rows = {row.id: row for row in agents.of_conversation(conn, conversation_id)}
    return [
        {
            "sender": rows[one.agent].name, "seat": seat_of(rows[one.agent]), "person": one.bot is None,
            "bot": None if one.bot is None else _about(one.bot), "data": one.data, "at": one.at,
        }
        for one in journal.said(conn, conversation_id)
    ]  # fmt: skip


def wanted(cls: type[AgentState]) -> bool:
    """Whether a state class asks for what happened in its conversation."""
    return _wants_frames(cls) or _wants_conversation(cls)


def _wants_frames(cls: type[AgentState]) -> bool:
    return cls.update_data.__qualname__ != "AgentState.update_data"


def _wants_conversation(cls: type[AgentState]) -> bool:
    return cls.set_conversation.__qualname__ != "AgentState.set_conversation"


def known(
    conn: Conn, roles: Sequence[str], row: AgentRow, cls: type[AgentState]
) -> tuple[Sequence[dict[str, Any]], dict[str, Any] | None]:
    """What `cls` asks for, of an agent in a conversation: its frames, and the conversation."""
    assert row.conversation_id is not None
    frames = journal.frames(conn, row.id) if _wants_frames(cls) else []
    if not _wants_conversation(cls):
        return frames, None
    found = conversations.get(conn, row.conversation_id)
    return frames, {
        "id": found.id, "status": found.status, "you": row.name, "people": people(conn, roles, found.id),
        "data": None if found.data is None else json.loads(found.data),
    }  # fmt: skip
