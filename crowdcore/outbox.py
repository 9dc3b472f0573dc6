"""The executor of a run's outbox: sends each row once, through the provider.

A provider says which kinds of rows it can send (`delivers = {"reward"}`); others stay intended, which
for a reward means that it is owed. A row is marked sent before the platform is called: if the process
dies in between, nobody knows whether it arrived, so the next process marks it unknown and a person
decides (`crowd outbox`). Money is never sent twice.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from crowdcore.errors import CrowdError, RunError, StoreError
from crowdcore.pausing import pause
from crowdcore.store import outbox, workers
from crowdcore.types import Payment

if TYPE_CHECKING:
    from crowdcore.context import RunContext
    from crowdcore.store import Conn
    from crowdcore.store.outbox import Message

POLL = 0.5
"""Seconds between two looks for rows to send."""
LAST_SENDING = 30.0
"""Seconds that a run which ends waits for its last rows to be sent."""
SETTLE_TRIES = 10
"""How often, a second apart, the outcome of a row is written again when the database does not take it."""
_STATE_AFTER = {"timeout": "unknown", "busy": "intended"}
"""What a hook's failure means that is none of the platform's: it may have arrived; it was not even tried."""

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
        await self._forget_nothing()
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

    async def catch_up(self) -> None:
        """Send everything that waits, in a process that has taken the lead of a run that nobody serves."""
        if self._delivers:
            await self._forget_nothing()
            while await self.send():
                pass

    async def _forget_nothing(self) -> None:
        """What a process that died had in hand may have arrived: a person has to look."""
        run_id, now = self._context.run_id, self._context.clock.now()
        await self._context.db.awrite(lambda c: outbox.settle_unknown(c, run_id, now))

    async def send(self) -> int:
        """Send what waits now; how many rows there is nothing more to do about."""
        rows = await self._context.db.aread(lambda c: outbox.waiting(c, self._context.run_id, self._delivers))
        return sum([await self._send_one(row) for row in rows])

    async def _send_one(self, row: Message) -> bool:
        """Whether it is settled, well or not; False if it waits on."""
        db, clock = self._context.db, self._context.clock
        if not await db.awrite(lambda c: outbox.mark(c, row.id, "intended", "sent", clock.now())):
            return True
        try:
            reference = await self._deliver(row)
        except CrowdError as error:
            state = _STATE_AFTER.get(getattr(error, "reason", ""), "failed")
            await self._settle(row, state, error=str(error))
            return state != "intended"
        await self._settle(row, "confirmed", reference=reference)
        return True

    async def _settle(
        self, row: Message, state: str, *, reference: str | None = None, error: str | None = None
    ) -> None:
        """Keep what became of a row that was sent; while the database does not take it, it is tried again."""
        if error is not None:
            log.error("outbox %s %s: %s", row.kind, row.key, error)

        def note(conn: Conn) -> None:
            now = self._context.clock.now()
            outbox.mark(conn, row.id, "sent", state, now, reference=reference, error=error)

        for _ in range(SETTLE_TRIES):
            try:
                await self._context.db.awrite(note)
                return
            except StoreError as trouble:
                log.warning("outbox %s %s: noting that it is %s waits: %s", row.kind, row.key, state, trouble)
                await asyncio.sleep(1.0)
        await self._context.db.awrite(note)

    async def _deliver(self, row: Message) -> str | None:
        assert row.worker is not None
        hooks, worker, reason = self._context.hooks, row.worker, row.payload.get("reason", row.kind)
        if row.amount is not None and row.currency is not None:
            return await hooks.provider_pay(Payment(row.key, worker, row.amount, row.currency, reason))
        if row.kind in ("approve", "reject"):
            await self._close_visit(row)
        elif row.kind == "message":
            await hooks.provider_message(worker, row.payload["text"])
        elif row.kind == "block":
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

    async def _close_visit(self, row: Message) -> None:
        visit_id = row.visit_id
        assert visit_id is not None
        visit = (await self._context.db.aread(lambda c: workers.visit(c, visit_id))).visit
        if row.kind == "approve":
            await self._context.hooks.provider_approve(visit)
        else:
            await self._context.hooks.provider_reject(visit, row.payload["reason"])
