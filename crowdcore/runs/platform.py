"""The provider's platform, as a served run deals with it: what fails there is told and tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from crowdcore.errors import CrowdError
from crowdcore.plugins.records import Records
from crowdcore.store.queries import workers

if TYPE_CHECKING:
    from crowdcore.work.context import RunContext
    from crowdcore.work.counters import Counters

POLL = 0.1
"""Seconds between two looks whether there is something to do."""
AGAIN = 5.0
"""Seconds between two questions to the platform, and before something that failed is tried again."""
SYNC_EVERY = 20.0
"""Seconds between two calls of `provider_sync`; the first comes at once when a run is resumed."""

T = TypeVar("T")
log = logging.getLogger("crowdcore.platform")


class Platform:
    """Places, visits that are pending, and the end of the offer, of one run."""

    def __init__(self, context: RunContext, counters: Counters, *, resumed: bool, launched: bool) -> None:
        self._context = context
        self._counters = counters
        self._launched = launched
        self._records = Records(context.db, context.run_id, "core", "platform")
        self._places = 0
        self._remembered = 0
        self._wanted_at = (-1, 0)
        self._tried_at: dict[str, float] = {}
        self._complaints: dict[str, str] = {}
        self._pending = True
        self._closed_at: float | None = None
        if not resumed:
            self._tried_at["provider_sync"] = context.clock.ticks()

    async def launch(self, url: str, *, draining: bool = False) -> int:
        """Offer the units that are launched; how many. HookFailed if the platform refuses: nobody could come.

        A run that is resumed has offered its places already; more are offered as they are needed. Only if the offer was
        stopped, and the run takes new work after all, what is open is offered again.
        """
        launched, total = self._counters.units["launched"], await self._wanted()
        offered = await asyncio.to_thread(self._records.get, "places")
        if offered is None and self._launched:  # by a version that did not remember it
            offered = total
        closed = not draining and await asyncio.to_thread(self._records.get, "closed", default=False)
        if offered is None or closed:
            session = self._context.config.gates.units_per_session
            places = -(-self._counters.open // session) if closed else total
            await self._context.hooks.provider_launch(url, places, total)
            self._places = total
            await self._remember()
            if closed:
                await asyncio.to_thread(self._records.delete, "closed")
        else:
            self._places = self._remembered = int(offered)
        return launched

    async def _wanted(self) -> int:
        """Places that the run has needed so far: one for each visit, in which several units may be done.

        A visit that ended before it had done so many leaves some to another one.
        """
        session, made = self._context.config.gates.units_per_session, self._counters.places
        if session == 1:
            return made
        event = self._counters.event
        if self._wanted_at[0] != event:
            run_id = self._context.run_id
            visits, done = await self._context.db.aread(lambda c: workers.visits_over(c, run_id))
            self._wanted_at = (event, -((done - visits * session - made) // session))
        return self._wanted_at[1]

    async def _remember(self) -> None:
        if self._remembered == self._places or not self._due("places offered", 0.0):
            return
        places = self._places
        done, _ = await self._try("places offered", asyncio.to_thread(self._records.put, "places", places))
        if done:
            self._remembered = places

    async def follow(self, stop: asyncio.Event, fine: Callable[[], None]) -> None:
        """Offer what is launched later and fetch what changed there, until `stop`; `fine` hears of each round."""
        while not stop.is_set():
            await self._offer_more()
            await self._remember()
            if self._context.hooks.has("provider_sync") and self._due("provider_sync", SYNC_EVERY):
                await self._try("provider_sync", self._context.hooks.provider_sync())
            fine()
            await asyncio.sleep(POLL)

    async def _offer_more(self) -> None:
        total = await self._wanted()
        if total <= self._places or not self._context.accepting or not self._due("provider_extend", 0.0):
            return
        done, _ = await self._try("provider_extend", self._context.hooks.provider_extend(total - self._places, total))
        if done:
            self._places = total

    async def reopen(self, url: str) -> bool:
        """Offer what is open again, after `close`; False if the platform refuses, for now."""
        if not self._due("provider_launch", 0.0):
            return False
        done, _ = await self._try("provider_launch", self.launch(url))
        if done:
            self._closed_at = None
        return done

    async def pending(self) -> bool:
        """Whether the platform holds visits open; a platform that cannot be asked may hold some."""
        if self._due("provider_pending", AGAIN):
            done, count = await self._try("provider_pending", self._context.hooks.provider_pending())
            self._pending = not done or bool(count)
        return self._pending

    async def close(self) -> bool:
        """Stop the offer, once; whether nobody can arrive any more."""
        if self._closed_at is None and self._due("provider_expire", AGAIN):
            done, seconds = await self._try("provider_expire", self._context.hooks.provider_expire())
            if done:
                await self._try("offer stopped", asyncio.to_thread(self._records.put, "closed", value=True))
                self._closed_at = self._context.clock.ticks() + (seconds or 0.0)
        return self._closed_at is not None and self._context.clock.ticks() >= self._closed_at

    async def clean_up(self) -> None:
        """The run is over: take down the server and what is left on the platform; a failure is for the operator."""
        for hook in ("architect_shutdown", "provider_cleanup"):
            try:
                await getattr(self._context.hooks, hook)()
            except CrowdError as error:
                log.error("%s is over, but something may be left: %s", self._context.name, error)

    def _due(self, hook: str, every: float) -> bool:
        """Whether it is time to call: `every` seconds after the last time, AGAIN seconds after a failure."""
        wait = max(every, AGAIN) if hook in self._complaints else every
        return self._context.clock.ticks() - self._tried_at.get(hook, float("-inf")) >= wait

    async def _try(self, hook: str, asked: Awaitable[T]) -> tuple[bool, T | None]:
        """Whether the hook did it, and its answer. The same failure again is not told again."""
        self._tried_at[hook] = self._context.clock.ticks()
        try:
            answer = await asked
        except CrowdError as error:
            if self._complaints.get(hook) != str(error):
                log.error("%s: %s; it will be tried again", self._context.name, error, exc_info=error.__cause__)
            self._complaints[hook] = str(error)
            return False, None
        self._complaints.pop(hook, None)
        return True, answer
