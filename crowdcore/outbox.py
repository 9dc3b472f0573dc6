"""The executor of a run's outbox: sends each row once, through the provider.

A provider says which kinds of rows it can send (`delivers = {"reward"}`); others stay intended, which
for a reward means that it is owed. A row is marked sent before the platform is called: if the process
dies in between, nobody knows whether it arrived, so the next process marks it unknown and a person
decides. Money is never sent twice.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from crowdcore.errors import CrowdError, RunError, StoreError
from crowdcore.pausing import pause
from crowdcore.store import outbox
from crowdcore.types import Payment

if TYPE_CHECKING:
    from crowdcore.context import RunContext
    from crowdcore.store.outbox import Message

POLL = 0.5
"""Seconds between two looks for rows to send."""
LAST_SENDING = 30.0
"""Seconds that a run which ends waits for its last rows to be sent."""

log = logging.getLogger("crowdcore.outbox")


class Executor:
    """Sends the intended rows of one run."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._delivers = context.delivers

    async def follow(self, stop: asyncio.Event) -> None:
        """Send until `stop`. Without kinds to deliver there is nothing to do."""
        if not self._delivers:
            return
        await self._context.db.awrite(
            lambda c: outbox.settle_unknown(c, self._context.run_id, self._context.clock.now())
        )
        while not stop.is_set():
            try:
                if not await self.send():
                    await pause(stop, POLL)
            except StoreError as error:
                log.warning("%s: sending waits: %s", self._context.name, error)
                await pause(stop, 1.0)

    async def finish(self) -> None:
        """Send what is left before the run ends, for LAST_SENDING seconds at most; the rest stays intended."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST_SENDING
        while self._delivers and loop.time() < until and await self.send():
            pass

    async def send(self) -> int:
        """Send what waits now; returns how many rows were tried."""
        rows = await self._context.db.aread(lambda c: outbox.waiting(c, self._context.run_id, self._delivers))
        for row in rows:
            await self._send_one(row)
        return len(rows)

    async def _send_one(self, row: Message) -> None:
        db, clock = self._context.db, self._context.clock
        if not await db.awrite(lambda c: outbox.mark(c, row.id, "intended", "sent", clock.now())):
            return
        try:
            reference = await self._deliver(row)
        except CrowdError as error:
            text = str(error)
            log.error("outbox %s %s: %s", row.kind, row.key, text)
            await db.awrite(lambda c: outbox.mark(c, row.id, "sent", "failed", clock.now(), error=text))
            return
        await db.awrite(lambda c: outbox.mark(c, row.id, "sent", "confirmed", clock.now(), reference=reference))

    async def _deliver(self, row: Message) -> str | None:
        assert row.worker is not None
        hooks, worker, reason = self._context.hooks, row.worker, row.payload.get("reason", row.kind)
        if row.amount is not None and row.currency is not None:
            return await hooks.provider_pay(Payment(row.key, worker, row.amount, row.currency, reason))
        if row.kind == "block":
            await hooks.provider_block(worker, reason)
        elif row.kind == "unblock":
            await hooks.provider_unblock(worker, reason)
        elif row.kind == "qualify":
            await hooks.provider_qualify(worker, row.payload["name"], row.payload["value"])
        elif row.kind == "unqualify":
            await hooks.provider_unqualify(worker, row.payload["name"])
        else:
            raise RunError(f"the outbox does not know how to send {row.kind!r}")
        return None
