"""What a serving process watches beside its work: that it still leads the run, and that its database answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from crowdcore.base.wait import pause
from crowdcore.errors import LeadLost, StoreBusy, StoreError

if TYPE_CHECKING:
    from crowdcore.runs.lock import RunLock
    from crowdcore.runs.watch import Watch
    from crowdcore.store import Database

LOOK = 1.0
"""Seconds between two looks at the lock."""
AGAIN = 0.2
"""Seconds until a lost lock is tried again, or a silent database is looked at again."""
LEAVE = 5.0
"""Seconds that a run which is to stop waits for a database that does not answer."""
TICK = 0.1
"""Seconds between two looks at a database that answers again."""
_NEVER = asyncio.Event


async def keep_lead(lock: RunLock, watch: Watch) -> NoReturn:
    """Look after the lock, and take it again where nobody else has; LeadLost once somebody has led the run."""
    while True:
        try:
            await asyncio.to_thread(lock.look)
        except LeadLost:
            raise
        except StoreError as error:
            watch.trouble("leading", error)
            await asyncio.sleep(AGAIN)
        else:
            watch.fine("leading")
            await _sleep_while(lambda: not lock.doubted)


async def _sleep_while(certain: Callable[[], bool]) -> None:
    """Until the next look; a transaction that was refused is a reason to look at once."""
    left = LOOK
    while left > 0 and certain():
        await asyncio.sleep(min(AGAIN, left))
        left -= AGAIN


async def look_at(database: Database, watch: Watch) -> NoReturn:
    """Tell while the database is silent or gone, also while everybody else waits for it."""
    while True:
        if (why := database.trouble()) is None:
            watch.fine("database")
        else:
            watch.trouble("database", StoreBusy(why))
        await asyncio.sleep(AGAIN)


async def stop_without(stopping: asyncio.Event, seconds: float) -> None:
    """Return so many seconds after `stopping` is set: whoever has not ended by then is not waited for."""
    await stopping.wait()
    await pause(_NEVER(), seconds)


async def watched(
    life: asyncio.Task[str], lock: RunLock, database: Database, watch: Watch, told: asyncio.Event
) -> str | None:
    """How `life` ended; LeadLost if the lead ended first. None: `told` to stop, it does not for want of a database."""
    lead = asyncio.create_task(keep_lead(lock, watch))
    looking = asyncio.create_task(look_at(database, watch))
    leave = asyncio.create_task(stop_without(told, LEAVE))
    try:
        await asyncio.wait({life, lead, leave}, return_when=asyncio.FIRST_COMPLETED)
        while not life.done() and not lead.done() and database.trouble() is None:
            await asyncio.wait({life, lead}, timeout=TICK)  # it answers: what there is to note takes its time
        if life.done():
            return life.result()
        if lead.done():
            lead.result()
        return None
    finally:
        for task in (life, lead, looking, leave):
            task.cancel()
        await asyncio.gather(life, lead, looking, leave, return_exceptions=True)
