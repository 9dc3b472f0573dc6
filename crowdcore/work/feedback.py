"""What workers write besides their answers: feedback for the author, tips for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore.errors import RequestError
from crowdcore.store.queries import comments, events

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.work.context import RunContext

LONGEST = 5000
"""Characters of one note, at most."""


def asked_for(context: RunContext) -> list[str]:
    """What workers may write: feedback, tip."""
    options = context.config.gates
    return [kind for kind, on in (("feedback", options.feedback), ("tip", options.tips)) if on]


async def write(context: RunContext, row: AgentRow, kind: object, text: object) -> None:
    """Keep one note of the agent's worker; RequestError invalid, not_found where it is turned off, or too_fast."""
    if not isinstance(kind, str) or kind not in ("feedback", "tip"):
        raise RequestError(422, "invalid", '"kind" must be feedback or tip.')
    if kind not in asked_for(context):
        raise RequestError(404, "not_found", "This task does not ask for that.")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST:
        raise RequestError(422, "invalid", f'"text" must have 1 to {LONGEST} characters.')
    now = context.clock.now()

    def store(conn: Conn) -> bool:
        note_id = comments.add(conn, row.id, kind, text.strip(), now)
        if note_id is not None:
            events.append(
                conn, row.run_id, now, f"{kind}_written", "worker", [], agent=row.id, worker=row.worker.id, note=note_id
            )
        return note_id is not None

    if not await context.db.awrite(store):
        raise RequestError(
            429, "too_fast", f"You have written {comments.MOST} times about this; that is plenty. Thank you!"
        )
