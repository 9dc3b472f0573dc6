"""The event table read on: counters and listeners follow what was committed, by whom ever.

Listeners get each event at least once and in order: the position is stored after they were called,
so a crash repeats at most the event they were in.
"""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crowdcore.base.faults import described
from crowdcore.base.wait import pause
from crowdcore.errors import CrowdError, HookFailed, StoreError
from crowdcore.store.queries import agents, events, units
from crowdcore.types import AgentEnded, RunFinished, RunLaunched, UnitLaunched, UnitReviewed, UnitSubmitted
from crowdcore.work import documents
from crowdcore.work.counters import Counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from crowdcore.store.queries.events import Event
    from crowdcore.work.context import RunContext

POLL = 0.05
"""Seconds between two looks at the event table."""
SELDOM = 1.0
"""The same when nobody listens."""
PAGE = 500
LAST_WORDS = 5.0
"""Seconds that listeners get when the process is to end; the next process tells them the rest."""
CONSUMER = "listeners"

log = logging.getLogger("crowdcore.feed")

HOOK_OF = {
    "run_running": "on_run_launched",
    "units_launched": "on_unit_launched",
    "unit_submitted": "on_unit_submitted",
    "unit_reviewed": "on_unit_reviewed",
    "agent_ended": "on_agent_ended",
    "run_finished": "on_run_finished",
    "run_stopped": "on_run_finished",
}


class Feed:
    """Follows one run's events; `seen` tells the supervisor that something was committed."""

    def __init__(self, context: RunContext, counters: Counters) -> None:
        self._context = context
        self._counters = counters
        self._position: int | None = None
        self._version: int | None = None
        self._heard = any(context.hooks.has(hook) for hook in HOOK_OF.values())

    async def count(self) -> int:
        """Bring the counters up to date; returns how many events were new."""
        version = self._context.db.data_version()
        if version == self._version:
            return 0
        new, page = 0, [None] * PAGE
        while len(page) == PAGE:
            page = await self._page(self._counters.event)  # type: ignore[assignment]
            for event in page:
                self._counters.apply(event)  # type: ignore[arg-type]
            new += len(page)
        self._version = version
        return new

    async def _page(self, after: int) -> list[Event]:
        run_id = self._context.run_id
        return await self._context.db.aread(lambda c: events.after(c, run_id, after, PAGE))

    async def behind(self) -> bool:
        """Whether there are events that the listeners have not been told."""
        last = await self._context.db.aread(lambda c: events.last_id(c, self._context.run_id))
        return last > await self._seen()

    async def _seen(self) -> int:
        """The last event that the listeners were told."""
        run_id = self._context.run_id
        if self._position is None:
            self._position = await self._context.db.aread(lambda c: events.cursor(c, run_id, CONSUMER))
        return self._position

    async def deliver(self, until: float = float("inf")) -> int:
        """Call the listeners for what they have not seen; returns how many events were handled.

        Stops between two events when the loop's clock is past `until`. Where nobody listens only the position moves.
        """
        if not self._heard:
            return await self._skip()
        page, count = await self._page(await self._seen()), 0
        for event in page:
            count += 1
            told = await self._tell(event)
            self._position = event.id
            late = asyncio.get_running_loop().time() > until
            if told or late or event is page[-1]:
                await self._remember(event.id)
            if late:
                break
        return count

    async def _skip(self) -> int:
        run_id, seen = self._context.run_id, await self._seen()
        last = await self._context.db.aread(lambda c: events.last_id(c, run_id))
        if last > seen:
            self._position = last
            await self._remember(last)
        return 0

    async def _tell(self, event: Event) -> bool:
        """Call the listeners of one event, if it has any."""
        hooks, hook = self._context.hooks, HOOK_OF.get(event.kind)
        if hook is None or not hooks.has(hook):
            return False
        try:
            payload = await self._payload(event)
        except StoreError:
            raise
        except Exception as error:  # say, an AgentState that cannot read what it wrote: the others are to be told
            if isinstance(error, HookFailed) and error.reason == "busy":  # no thread is free just now
                raise
            why = str(error) if isinstance(error, CrowdError) else described(error)
            log.exception("%s: event %d (%s) could not be told: %s", self._context.name, event.id, event.kind, why)
            return False
        if payload is None:
            return False
        await hooks.listen(hook, payload)
        return True

    async def _remember(self, event_id: int) -> None:
        run_id = self._context.run_id
        await self._context.db.awrite(lambda c: events.set_cursor(c, run_id, CONSUMER, event_id))

    async def _payload(self, event: Event) -> Any:
        data = event.data
        if event.kind == "run_running":
            return RunLaunched(event.id, event.at, data.get("units", 0))
        if event.kind == "units_launched":
            return UnitLaunched(event.id, event.at, data["first"], data["last"], data["count"])
        if event.kind in ("run_finished", "run_stopped"):
            return RunFinished(event.id, event.at, event.kind.removeprefix("run_"), data.get("reason", ""))
        row = await self._context.db.aread(lambda c: agents.get(c, data["agent"]))
        if row is None or row.kind == "bot" or (row.unit is None and event.kind != "agent_ended"):
            return None
        agent = await documents.view(self._context, row)
        if event.kind == "agent_ended":
            return AgentEnded(event.id, event.at, agent, data["reason"])
        unit = await self._context.db.aread(lambda c: units.get(c, data["unit"]))
        if event.kind == "unit_submitted":
            return UnitSubmitted(event.id, event.at, unit, row.worker, agent)
        return UnitReviewed(event.id, event.at, unit, row.worker, data["status"], data.get("note", ""))

    async def follow(self, stop: asyncio.Event, fine: Callable[[], None]) -> None:
        """Deliver until `stop`, then what is left, as far as LAST_WORDS allow; `fine` hears of each success."""
        while not stop.is_set():
            told = await self.deliver()
            fine()
            if not told:
                await pause(stop, POLL if self._heard else SELDOM)
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST_WORDS
        while loop.time() <= until and await self.deliver(until):
            pass


async def tell_listeners(context: RunContext) -> None:
    """Tell the listeners of a run that nobody serves everything they have not been told."""
    feed = Feed(context, Counters(run=context.name, pay=Decimal(0), currency=context.currency))
    while await feed.deliver():
        pass
