"""Live work of a run that is ended while nobody serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore.store.queries import agents, conversations, events
from crowdcore.work.submit import conclude

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.work.context import RunContext


async def conclude_finished(context: RunContext) -> None:
    """Whose conversation was over, and who only had to submit, is paid: their draft is what they submit."""
    for agent_id in await context.db.aread(lambda c: agents.open_ids(c, context.run_id)):
        row = await context.db.aread(lambda c, a=agent_id: agents.get(c, a))  # type: ignore[misc]
        if row is not None and row.conversation_status == "ended" and row.unit is not None and row.kind != "bot":
            await conclude(context, row)


def end_conversations(conn: Conn, run_id: int, now: float, reason: str) -> None:
    """Everybody in them has ended: so do they."""
    for status in ("waiting", "live"):
        for conversation_id in conversations.of_run(conn, run_id, status):
            conversations.end(conn, conversation_id, reason, now)
            moves: list[events.Move] = [("conversation", conversation_id, status, "ended")]
            events.append(
                conn, run_id, now, "conversation_ended", "operator", moves, conversation=conversation_id, reason=reason
            )
