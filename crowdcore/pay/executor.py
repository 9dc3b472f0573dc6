"""The executor of a run's outbox: sends each row once, through the provider.

A provider says which kinds of rows it can send (`delivers = {"reward"}`); others stay intended, which
for a reward means that it is owed. A row is marked sent before the platform is called: if the process
dies in between, or the hook raises in the middle of a payment, nobody knows whether it arrived, so it is
unknown and a person decides (`crowd outbox`). Money is never sent twice. A plugin that knows that nothing
happened raises a CrowdError (RunError, say): failed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from crowdcore.base.faults import without_secrets
from crowdcore.base.wait import pause
from crowdcore.errors import CrowdError, HookFailed, LeadLost, PluginError, RunError, StoreError
from crowdcore.store.queries import outbox, workers
from crowdcore.types import Payment

if TYPE_CHECKING:
    from collections.abc import Callable

    from crowdcore.store import Conn
    from crowdcore.store.queries.outbox import Message
    from crowdcore.work.context import RunContext

POLL = 0.5
"""Seconds between two looks for rows to send."""
LAST_SENDING = 30.0
"""Seconds that a run which ends waits for its last rows to be sent."""
IN_A_ROW = 3
"""Failures one after the other after which the platform is left alone for a while: what waits would fail too."""
BACK_OFF, LONGEST = 15.0, 600.0
"""Seconds until it is tried again; they double up to the longest."""
SETTLE_TRIES = 10
"""How often, a second apart, the outcome of a row is written again when the database does not take it."""

log = logging.getLogger("crowdcore.outbox")


class Executor:
    """Sends the intended rows of one run."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._delivers = context.delivers
        self._failures = 0
        self._pause = BACK_OFF
        self._begun = False

    async def follow(self, stop: asyncio.Event, fine: Callable[[], None]) -> None:
        """Send until `stop`; `fine` hears of each success. Without kinds to deliver there is nothing to do."""
        if not self._delivers:
            return
        if not self._begun:  # what this process has in hand later is its own
            await self.forget_nothing()
            self._begun = True
        while not stop.is_set():
            sent = await self.send()
            fine()
            if self._failures >= IN_A_ROW:
                log.warning("%s: the platform does not take it; next try in %.0f s", self._context.name, self._pause)
                await pause(stop, self._pause)
                self._failures, self._pause = IN_A_ROW - 1, min(2 * self._pause, LONGEST)
            elif not sent:
                await pause(stop, POLL)

    async def finish(self) -> None:
        """Send what is left before the run ends, for LAST_SENDING seconds at most; the rest stays intended."""
        await self._send_for(LAST_SENDING)

    async def catch_up(self, seconds: float) -> int:
        """Send what waits, in a process that has taken the lead of a run that nobody serves; how many rows still wait.

        Stops after `seconds`, or when the platform takes nothing.
        """
        if not self._delivers:
            return 0
        await self.forget_nothing()
        await self._send_for(seconds)
        run_id = self._context.run_id
        return await self._context.db.aread(lambda c: outbox.count_waiting(c, run_id, self._delivers))

    async def _send_for(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until, self._failures = loop.time() + seconds, 0
        while self._delivers and loop.time() < until and self._failures < IN_A_ROW and await self.send(until):
            pass

    async def forget_nothing(self) -> None:
        """What a process that died had in hand may have arrived: a person has to look. For who leads the run."""
        run_id, now = self._context.run_id, self._context.clock.now()
        if await self._context.db.aread(lambda c: outbox.any_in(c, run_id, "sent")):
            await self._context.db.awrite(lambda c: outbox.settle_unknown(c, run_id, now))

    async def send(self, until: float = float("inf")) -> int:
        """Send what waits now, until the platform fails several times; how many rows were tried."""
        rows = await self._context.db.aread(lambda c: outbox.waiting(c, self._context.run_id, self._delivers))
        loop, tried = asyncio.get_running_loop(), 0
        for row in rows:
            if self._failures >= IN_A_ROW or loop.time() >= until:
                break
            tried += 1
            arrived = await self._send_one(row)
            if arrived is not None:
                self._failures = 0 if arrived else self._failures + 1
                self._pause = BACK_OFF if arrived else self._pause
        return tried

    async def _send_one(self, row: Message) -> bool | None:
        """Whether it arrived; None if it was not to be sent after all."""
        db, clock = self._context.db, self._context.clock
        taken = await db.awrite(lambda c: outbox.take(c, row.id, clock.now()))
        if taken is None:
            return None
        row = taken  # it may have been corrected since it was listed
        try:
            reference = await self._deliver(row)
        except CrowdError as error:
            await self._settle(row, _state_after(row, error), error=without_secrets(str(error)))
            return False
        await self._settle(row, "confirmed", reference=reference)
        return True

    async def _settle(
        self, row: Message, state: str, *, reference: str | None = None, error: str | None = None
    ) -> None:  # fmt: skip
        """Keep what became of a row that was sent; while the database does not take it, it is tried again."""
        if error is not None:
            log.error("outbox %s %s is %s: %s", row.kind, row.key, state, error)

        def note(conn: Conn) -> None:
            now = self._context.clock.now()
            outbox.mark(conn, row.id, "sent", state, now, reference=reference, error=error)

        for _ in range(SETTLE_TRIES):
            try:
                await self._context.db.awrite(note)
                return
            except LeadLost:
                log.error("outbox %s %s is %s%s, but another process leads the run by now and takes it for unknown: "
                          "see `crowd outbox`", row.kind, row.key, state,
                          "" if reference is None else f" ({reference})")  # fmt: skip
                raise
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


def _state_after(row: Message, error: CrowdError) -> str:
    """failed: it certainly did not happen. unknown: it may have. intended: it was not even tried."""
    if isinstance(error, HookFailed) and error.reason in ("busy", "timeout"):
        return "intended" if error.reason == "busy" else "unknown"
    certain = not isinstance(error, HookFailed | PluginError | StoreError)  # the plugin itself says so
    return "failed" if certain or row.amount is None else "unknown"
