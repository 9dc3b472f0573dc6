"""Writing of one conversation, in order: its journal and its people's inboxes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from crowdcore.errors import StoreError
from crowdcore.store import StoreConflict
from crowdcore.store.queries import journal

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.work.context import RunContext

log = logging.getLogger("crowdcore.live")

_RETRY = 0.5

Cancelled = asyncio.CancelledError | None
"""What cancelled the task while it wrote: to be raised once what was written has had its effect."""


class Scribe:
    """Writes what happens in a conversation, each thing once, for as long as it takes.

    Being cancelled meanwhile is handed back (`Cancelled`): what was begun is brought to its end first.
    """

    def __init__(self, context: RunContext, conversation_id: int) -> None:
        self._context = context
        self._id = conversation_id
        self.last = 0
        """The last place in the journal that is taken."""
        self.closed = False
        """Whether nothing is waited for any more."""

    async def crossed(
        self, entries: str, frames: Sequence[tuple[int, int, str]] = (), also: Callable[[Conn], None] | None = None
    ) -> Cancelled:
        """Write crossings (a JSON list), and frames (agent, seq, text) into inboxes, in one transaction."""
        self.last += 1
        n, at = self.last, self._context.clock.now()

        def write(conn: Conn) -> None:
            journal.cross(conn, self._id, n, at, entries)
            journal.deliver(conn, frames)
            if also is not None:
                also(conn)

        return await self.write(write)

    async def said(self, agent_id: int, id: str, kept: str, at: float) -> tuple[int, Cancelled]:
        """Write a message; its place in the journal."""
        self.last += 1
        n = self.last
        return n, await self.write(lambda c: journal.say(c, self._id, n, at, agent_id, id, kept))

    async def write(self, transaction: Callable[[Conn], None]) -> Cancelled:
        """Commit it, however long the database cannot be written to: nothing is lost by waiting."""
        cancelled, complaint = None, ""
        while True:
            written = self._context.db.queue(transaction)
            while not written.done():
                try:
                    await asyncio.shield(written)
                except asyncio.CancelledError as error:
                    cancelled = error
                except StoreError:
                    break
            failure = written.exception()
            if failure is None:
                return cancelled
            theirs = isinstance(failure, StoreError) and not isinstance(failure, StoreConflict)
            if self.closed or cancelled is not None or not theirs:
                raise failure
            if str(failure) != complaint:
                complaint = str(failure)
                log.error("%s: conversation %d waits: %s", self._context.name, self._id, complaint)
            await asyncio.sleep(_RETRY)
