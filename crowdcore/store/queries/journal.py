"""What happened in conversations, in order (the journal), and what was delivered to whom (inboxes).

Rows are only ever added, by the process that leads the run, which hands out `n` and `seq`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row


@dataclass(frozen=True)
class Said:
    """A message that came in. `id` is its sender's, `n` its place in the journal, `bot` who a stand-in is (JSON)."""

    n: int
    at: float
    agent: int
    id: str
    data: Any
    bot: dict[str, Any] | None = None


@dataclass(frozen=True)
class Journal:
    """A conversation's journal: messages and crossings (lists of JSON values, see `crowdcore.live.talks.replay`)."""

    said: Sequence[Said]
    crossings: Sequence[list[Any]]
    last: int

    @property
    def known(self) -> set[tuple[int, str]]:
        """(agent, id) of every message."""
        return {(one.agent, one.id) for one in self.said}


def read(conn: Conn, conversation_id: int) -> Journal:
    """Everything in it, oldest first."""
    rows = conn.all(
        "SELECT n, at, kind, agent_id, key, data FROM journal WHERE conversation_id = :id ORDER BY n",
        id=conversation_id,
    )
    crossings = [entry for row in rows if row["kind"] == "crossing" for entry in json.loads(row["data"])]
    return Journal([_said(row) for row in rows if row["kind"] == "message"], crossings, rows[-1]["n"] if rows else 0)


def said(conn: Conn, conversation_id: int) -> list[Said]:
    """Its messages, oldest first."""
    rows = conn.all(
        "SELECT n, at, agent_id, key, data FROM journal WHERE conversation_id = :id AND kind = 'message' ORDER BY n",
        id=conversation_id,
    )
    return [_said(row) for row in rows]


def _said(row: Row) -> Said:
    kept = json.loads(row["data"])
    return Said(row["n"], row["at"], row["agent_id"], row["key"].partition(":")[2], kept["data"], kept.get("bot"))


def say(conn: Conn, conversation_id: int, n: int, at: float, agent_id: int, id: str, kept: str) -> None:
    """Add a message; StoreConflict if the agent has sent this `id` before. `kept`: {"data", "bot"?} (JSON text)."""
    conn.execute(
        "INSERT INTO journal (conversation_id, n, at, kind, agent_id, key, data)"
        " VALUES (:conversation, :n, :at, 'message', :agent, :key, :data)",
        conversation=conversation_id, n=n, at=at, agent=agent_id, key=f"{agent_id}:{id}", data=kept,
    )  # fmt: skip


def cross(conn: Conn, conversation_id: int, n: int, at: float, entries: str) -> None:
    """Add crossings (a JSON list)."""
    conn.execute(
        "INSERT INTO journal (conversation_id, n, at, kind, data) VALUES (:conversation, :n, :at, 'crossing', :data)",
        conversation=conversation_id, n=n, at=at, data=entries,
    )  # fmt: skip


def deliver(conn: Conn, frames: Iterable[tuple[int, int, str]]) -> None:
    """Put frames (agent, seq, JSON text) into inboxes."""
    for agent, seq, frame in frames:
        conn.execute(
            "INSERT INTO inbox (agent_id, seq, frame) VALUES (:agent, :seq, :frame)",
            agent=agent, seq=seq, frame=frame,
        )  # fmt: skip


def inbox(conn: Conn, agent_id: int, after: int = 0, limit: int = 500) -> list[tuple[int, str]]:
    """A page of an agent's inbox: (seq, JSON text), in order."""
    rows = conn.all(
        "SELECT seq, frame FROM inbox WHERE agent_id = :agent AND seq > :after ORDER BY seq LIMIT :limit",
        agent=agent_id, after=after, limit=limit,
    )  # fmt: skip
    return [(row["seq"], row["frame"]) for row in rows]


def frames(conn: Conn, agent_id: int) -> list[dict[str, Any]]:
    """Everything that was delivered to an agent, in order."""
    rows = conn.all("SELECT frame FROM inbox WHERE agent_id = :agent ORDER BY seq", agent=agent_id)
    return [json.loads(row["frame"]) for row in rows]


def last_seq(conn: Conn, agent_id: int) -> int:
    """The seq of the last frame in an agent's inbox, 0 if it is empty."""
    return conn.value("SELECT MAX(seq) FROM inbox WHERE agent_id = :agent", agent=agent_id) or 0


def keep(conn: Conn, conversation_id: int, data: str) -> None:
    """Store what the blueprint keeps with the conversation (JSON text)."""
    conn.execute("UPDATE conversation SET data = :data WHERE id = :id", data=data, id=conversation_id)


def set_bot(conn: Conn, agent_id: int, bot: str) -> None:
    """Another stand-in has this bot's seat from here on (JSON about it)."""
    conn.execute("UPDATE agent SET bot = :bot WHERE id = :id", bot=bot, id=agent_id)


def agents_named(conn: Conn, conversation_id: int, name: str) -> list[int]:
    """Ids of the agents who had, one after the other, the seat of this display name."""
    rows = conn.all(
        "SELECT id FROM agent WHERE conversation_id = :id AND name = :name ORDER BY id", id=conversation_id, name=name
    )
    return [row["id"] for row in rows]
