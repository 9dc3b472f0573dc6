"""What the people of one network address may hold together: units that are open, and newcomers within an hour.

Where anybody may say who they are, one client could take every unit of a run under a thousand names. Counted is in
memory, and exactly only when the bound seems to be reached: each piece of work adds one to what an address may have
open, and the database is asked how much of that is still open. What is held when a process ends is not counted by
the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Protocol

from crowdcore.errors import RequestError
from crowdcore.store.queries import workers

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.config import RunConfig
    from crowdcore.store import Database

OPEN, NEWCOMERS = 200, 400
"""Of one address, where anybody may say who they are and the task says nothing: a lecture hall behind one router."""
HOUR = 3600.0
AGAIN = 60.0
"""Seconds after which somebody who was refused may try again."""
LOOK = 1.0
"""Seconds between two countings for an address that is full."""
MOST_ADDRESSES = 50_000
MOST_TOLD = 20
"""Lines in the log about addresses that are full."""

log = logging.getLogger("crowdcore.work")


class Served(Protocol):
    """What of a `RunContext` is needed here."""

    @property
    def db(self) -> Database:
        """Where it is stored."""

    @property
    def run_id(self) -> int:
        """Its id there."""

    @property
    def name(self) -> str:
        """The run's name."""

    @property
    def config(self) -> RunConfig:
        """The configuration as it is now."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def strangers(self) -> bool:
        """Whether anybody may say who they are."""


@dataclass(eq=False)
class _Address:
    """One address: `most` units are open there at most, held by `workers` (how often each of them was given some)."""

    newcomers: float
    since: float
    most: int = 0
    begun: int = 0
    full_until: float = float("-inf")
    workers: Counter[int] = field(default_factory=Counter)
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)


class Addresses:
    """The addresses that people of one run come from, the least recently seen forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Address] = OrderedDict()
        self._told: set[tuple[str, str]] = set()

    @asynccontextmanager
    async def place(self, context: Served, address: str | None) -> AsyncIterator[Callable[[int], None]]:
        """Room for one more open unit at `address`, to be told who got it; RequestError 429 if there is none."""
        most = _limit(context, context.config.gates.max_open_units_per_address, OPEN)
        if address is None or not most:
            yield lambda _: None
            return
        at = self._at(context, address)
        if at.most >= most:
            async with at.counting:
                await self._count(context, at, most)
        if at.most >= most:
            self._tell(context, "max_open_units_per_address", address, f"{most} units are open")
            raise _full("So much work is open at your network address that no more is given out there now.", AGAIN)
        at.most += 1
        at.begun += 1
        got: list[int] = []
        try:
            yield got.append
        finally:
            at.begun -= 1
            if got:
                at.workers[got[0]] += 1
            else:
                at.most -= 1

    def newcomer(self, context: Served, address: str | None) -> None:
        """Count somebody who comes to this provider for the first time; RequestError 429 if too many did."""
        most = _limit(context, context.config.gates.max_new_workers_per_address, NEWCOMERS)
        if address is None or not most:
            return
        at, now = self._at(context, address), context.clock.ticks()
        at.newcomers = max(0.0, at.newcomers - (now - at.since) * most / HOUR)
        at.since = now
        if at.newcomers > most - 1:
            self._tell(context, "max_new_workers_per_address", address, f"{most} new people came within an hour")
            wait = max(AGAIN, ceil((at.newcomers - most + 1) * HOUR / most))
            raise _full("So many people have come from your network address that no more can start there now.", wait)
        at.newcomers += 1

    def _at(self, context: Served, address: str) -> _Address:
        at = self._known.get(address)
        if at is None:
            at = self._known[address] = _Address(0.0, context.clock.ticks())
            if len(self._known) > MOST_ADDRESSES:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(address)
        return at

    async def _count(self, context: Served, at: _Address, most: int) -> None:
        """Ask how much is really open. What begins meanwhile waits for that; what was begun before is on top."""
        now = context.clock.ticks()
        if at.most < most or now < at.full_until:
            return
        before, begun = at.workers.copy(), at.begun
        held = await context.db.aread(lambda c: workers.open_counts(c, context.run_id, before))
        for worker_id, times in before.items():
            if worker_id not in held and at.workers[worker_id] == times:
                del at.workers[worker_id]
        at.most = sum(held.values()) + begun
        at.full_until = now + LOOK

    def _tell(self, context: Served, option: str, address: str, what: str) -> None:
        if (option, address) in self._told or len(self._told) >= MOST_TOLD:
            return
        self._told.add((option, address))
        log.warning(
            "%s: %s at the address %s, the most that is allowed, and more were refused. A school or an office behind "
            "one address: crowd set %s gates.%s=NUMBER (0: no limit); a proxy of yours: architect.trusted_proxies=[%s]",
            context.name, what, address, context.name, option, address,
        )  # fmt: skip


def _limit(context: Served, given: int | None, default: int) -> int:
    return given if given is not None else default if context.strangers else 0


def _full(detail: str, seconds: float) -> RequestError:
    return RequestError(429, "address_full", f"{detail} Try again later, or from another network.", retry_after=seconds)
