"""Watching over a served run: heartbeat, deadlines, wishes of commands, and its end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeAlias

from crowdcore.base.wait import pause
from crowdcore.errors import CrowdError, StoreBusy, StoreError
from crowdcore.pay.executor import Executor
from crowdcore.runs.feed import LAST_WORDS, Feed
from crowdcore.runs.lead import watched
from crowdcore.runs.platform import Platform
from crowdcore.runs.server_look import SERVER, ServerLook, balance
from crowdcore.store.queries import agents, conversations, events, runs, units
from crowdcore.work.documents import is_live
from crowdcore.work.end import end_agent, end_blocked, end_removed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crowdcore.runs.open import Opened
    from crowdcore.runs.setup import Setup
    from crowdcore.store import Conn

HEARTBEAT = 2.0
"""Seconds between two stored heartbeats: the most that a crash adds to anybody's deadline."""
TICK = 0.1
"""Seconds between two looks at everything."""
BLOCKED_EVERY = 5
"""Every so many looks workers are looked for who were blocked at work."""
QUIET, AT_MOST = 5.0, 10.0
"""A run ends when nothing is open and so many seconds passed without a request (at most so many in all)."""
AGAIN = 1.0
"""Seconds until what failed in the background is tried again."""
FIRST_UNITS = 1.0
"""Seconds to wait for the first units before the run counts as launched; slow data may take longer."""
NOTHING_LEFT = "all units are done"

log = logging.getLogger("crowdcore.run")

Follow: TypeAlias = "Callable[[asyncio.Event, Callable[[], None]], Awaitable[None]]"
"""A background loop: runs until the event is set, and says after each round that went well."""


class Supervisor:
    """The life of one served run, on its event loop."""

    def __init__(self, setup: Setup, opened: Opened) -> None:
        self.opened = opened
        self.context = opened.context
        self._setup = setup
        self._feed = Feed(self.context, opened.counters)
        self._executor = Executor(self.context)
        self.status = setup.row.status
        self._config_hash = setup.row.config_hash
        self._stop_reason: str | None = None
        self._limit: str | None = None
        self._raised = False
        self._end_reason = NOTHING_LEFT
        self._beat = float("-inf")
        self._empty_since: float | None = None
        self._platform = Platform(
            self.context, opened.counters, resumed=not setup.fresh, launched=setup.row.launched_at is not None
        )
        self._looks = 0
        self._submissions = opened.counters.submissions
        self._patient_from = self._looked_at = self.context.service.now()
        self._moving = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._told = asyncio.Event()

    async def run(self) -> str:
        """Until the run ended; returns why, in plain words."""
        tasks = [
            asyncio.create_task(self._keep("listeners", self._feed.follow)),
            asyncio.create_task(self._keep("sending", self._executor.follow)),
        ]
        try:
            life = asyncio.create_task(self._live(tasks))
            ended = await watched(life, self._setup.lock, self.context.db, self.opened.serving.watch, self._told)
            if ended is None:
                log.error("%s: %s; this process leaves without noting that it stopped", self.context.name,
                          self.context.db.trouble() or "the database does not answer")  # fmt: skip
                self.status = "stopped"
            return ended or self._stop_reason or "stopped"
        except CrowdError as error:
            name = self.context.name
            error.problems.append(f"run {name} is kept as it is; go on with: crowd resume {name} (see --reload)")
            raise
        finally:
            self.opened.launcher.stop()
            self._stopping.set()
            for task in tasks[2:]:
                task.cancel()  # a platform that does not answer holds nobody up
            await self._heard(tasks[0])
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.context.live is not None:
                await self.context.live.close()
            await self.opened.serving.close()
            await self.opened.serving.close_plugins(self.context.hooks)
            self.context.hooks.close()
            self.context.gates.limiter.close()

    async def _live(self, tasks: list[asyncio.Task[None]]) -> str:
        await self._begin()
        tasks.append(asyncio.create_task(self._keep("platform", self._platform.follow)))
        look = ServerLook(self.context, self.opened.serving.watch)
        tasks.append(asyncio.create_task(self._keep(SERVER, look.follow)))
        while not await self._look():
            await pause(self._told, TICK)
        return await self._finish()

    async def _heard(self, listening: asyncio.Task[None]) -> None:
        """Wait for the listeners, who have LAST_WORDS; one that hangs is told again by the next process."""
        done, _ = await asyncio.wait([listening], timeout=LAST_WORDS + AGAIN)
        if not done:
            log.error(
                "%s: a listener (on_… of a plugin or hooks.py) does not end and is left alone; `crowd resume` tells it "
                "again what it was in", self.context.name,
            )  # fmt: skip
            listening.cancel()

    async def _keep(self, loop: str, follow: Follow) -> None:
        """A background loop, begun anew after whatever ends it, until the run stops."""
        watch = self.opened.serving.watch
        while True:
            try:
                await follow(self._stopping, lambda: watch.fine(loop))
            except Exception as error:
                watch.trouble(loop, error)
            else:
                return
            if self._stopping.is_set():
                return
            await pause(self._stopping, AGAIN)

    async def _begin(self) -> None:
        context, launcher = self.context, self.opened.launcher
        await context.hooks.provider_setup(self.opened.url)
        if self.status != "draining":
            launcher.start()
            await self._first_units()
            self._raise_launch_error()
        await self._feed.count()
        places = await self._platform.launch(self.opened.url, draining=self.status == "draining")
        async with self._moving:
            if self.status in ("launching", "stopped"):
                first = self._setup.row.launched_at is None
                await self._move("running", kind="run_running" if first else "run_resumed")
            elif not self._setup.fresh:
                now = context.clock.now()
                await self._write(lambda c: events.append(c, context.run_id, now, "run_resumed", "operator", []))
        self.opened.launched.set_result(places)

    async def _first_units(self) -> None:
        """Wait for units to offer. The first of them is only to be stored, however long another program or a busy
        machine holds that up: a platform cannot offer none."""
        launcher = self.opened.launcher
        await asyncio.to_thread(launcher.ready.wait, FIRST_UNITS)
        while not launcher.looked and self._stop_reason is None:
            await asyncio.to_thread(launcher.ready.wait, FIRST_UNITS)

    async def _move(self, target: str, *, reason: str | None = None, kind: str | None = None) -> None:
        run_id, now = self.context.run_id, self.context.clock.now()
        count = self.opened.counters.units["launched"]
        await self._write(
            lambda c: runs.move(c, run_id, target, now, actor="service", reason=reason, kind=kind, units=count)
        )
        self.status = target

    async def _write(self, transaction: Callable[[Conn], object]) -> None:
        """A transaction that waits for as long as another program holds the database, unless the run is to stop."""
        while True:
            try:
                await self.context.db.awrite(transaction)
            except StoreBusy as error:
                if self._stop_reason is not None:
                    raise
                log.warning("%s: %s", self.context.name, error)
            else:
                return

    async def _look(self) -> bool:
        """_tick, again and again while the database is locked or the disk is full: nothing is lost by waiting."""
        try:
            done = await self._tick()
        except StoreError as error:
            self.opened.serving.watch.trouble("supervising", error)
            await asyncio.sleep(AGAIN)
            return self._stop_reason is not None
        self.opened.serving.watch.fine("supervising")
        return done

    async def _tick(self) -> bool:
        """One look at everything; True when the run is to be closed."""
        if await self._feed.count():
            self.opened.launcher.wake()
        await self._heartbeat()
        await self._time_out()
        await self._end_blocked()
        await self._wishes()
        self._raise_launch_error()
        if self._stop_reason is not None:
            return True
        limit = self._limits()
        if self.status != "draining" and limit is not None:
            await self.drain(limit, limit=True)
        elif self._raised and self.status == "draining" and self._limit is not None and limit is None:
            await self._go_on()
        return await self._is_over() and await self._platform.close()

    def _raise_launch_error(self) -> None:
        error = self.opened.launcher.error
        if error is not None:
            raise error

    async def _heartbeat(self) -> None:
        ticks = self.context.clock.ticks()
        if ticks - self._beat < HEARTBEAT:
            return
        self._beat = ticks
        run_id, served, now = self.context.run_id, self.context.service.now(), self.context.clock.now()
        await self.context.db.awrite(lambda c: runs.heartbeat(c, run_id, served, now))

    async def _time_out(self) -> None:
        run_id, now = self.context.run_id, self.context.service.now()
        for agent_id in await self.context.db.aread(lambda c: agents.due(c, run_id, now)):
            row = await self.context.db.aread(lambda c, a=agent_id: agents.get(c, a))  # type: ignore[misc]
            live = self.context.live
            if row is not None and not (live is not None and is_live(row) and await live.overdue(row)):
                await end_agent(self.context, row, "timed_out", actor="service")

    async def _end_blocked(self) -> None:
        """What `crowd worker block` and `remove` say holds for people at work too, also if nobody served then."""
        self._looks += 1
        if self._looks % BLOCKED_EVERY != 1:
            return
        await end_blocked(self.context)
        await end_removed(self.context)

    async def _wishes(self) -> None:
        """What commands of other processes asked for."""
        row = await self.context.db.aread(lambda c: runs.get(c, self.context.run_id))
        if row.config_hash != self._config_hash:
            self._config_hash = row.config_hash
            before = self.context.config.task
            self.context.config = self._setup.changed(self.context.config, row.config)
            task = self.context.config.task
            self._raised |= (before.patience, before.lifetime) != (task.patience, task.lifetime)
            if self.context.live is not None:
                self.context.live.nudge()  # perhaps more conversations may go on at once
        if row.wanted == "stop":
            self._stop_reason = "stopped on demand"
        elif row.wanted == "drain" and (self.status != "draining" or self._limit is not None):
            await self.drain("ended on demand")
        elif row.wanted in ("pause", "run"):
            await self._pause(row.wanted == "pause")

    async def _pause(self, pause: bool) -> None:
        async with self._moving:
            if pause and self.status == "running":
                self.context.accepting = False
                await self._move("paused")
            elif not pause and self.status == "paused":
                self.context.accepting = True
                await self._move("running", kind="run_unpaused")

    def _limits(self) -> str | None:
        """Why the run takes no new work any more, if its time or its patience is over.

        Both count the time in which it is served: a machine that slept, or a clock that was set, ends nothing.
        """
        task, served, counters = self.context.config.task, self.context.service.now(), self.opened.counters
        if counters.submissions != self._submissions:
            self._submissions, at = counters.submissions, self.context.clock.now()
            ago = at - (counters.last_submission or at)  # by a clock that may have been set: since the last look
            self._patient_from = min(served, max(self._looked_at, served - ago))
        self._looked_at = served
        if served >= task.lifetime:
            return "its lifetime is over"
        if task.patience and served - self._patient_from >= task.patience:
            return "nothing was submitted for so long that patience is over"
        return None

    async def drain(self, reason: str, *, limit: bool = False) -> float:
        """Hand out no new work, let people in the middle finish; returns seconds that may take at most.

        What is free expires when the last of them is done: until then the run can be stopped and resumed whole.
        `limit`: it goes on if the limit is raised meanwhile; what somebody wants is not taken back.
        """
        self._limit, self._raised = reason if limit else None, False
        async with self._moving:
            if self.status not in ("draining", "finished"):
                self._end_reason = reason
                self.context.accepting, self.context.draining = False, True
                await asyncio.to_thread(self.opened.launcher.stop)
                await self._move("draining", reason=reason)
                await self._platform.close()
        return await self.longest()

    async def balance(self) -> str | None:
        """The money on the platform in words; None where there is no such thing."""
        return await balance(self.context.hooks, self.context.currency)

    async def _go_on(self) -> None:
        """The limit that ended the run was raised while people in the middle finish: it takes new work again."""
        async with self._moving:
            if not await self._platform.reopen(self.opened.url):
                return
            log.warning("%s goes on: that %s no longer holds", self.context.name, self._limit)
            self._limit, self._end_reason = None, NOTHING_LEFT
            await self._move("running", kind="run_goes_on")
            self.context.accepting, self.context.draining = True, False
            self.opened.launcher.start()

    async def longest(self) -> float:
        """Seconds until the last deadline of somebody who works, 0 if nobody does."""
        last = await self.context.db.aread(lambda c: agents.latest_deadline(c, self.context.run_id))
        return max(0.0, last - self.context.service.now()) if last is not None else 0.0

    async def stop(self, reason: str) -> None:
        """Leave now; the run can be resumed."""
        self._stop_reason = reason
        self._told.set()

    async def _expire_free(self) -> None:
        run_id, reason = self.context.run_id, self._end_reason
        while await self.context.db.awrite(
            lambda c: units.expire_free(c, run_id, self.context.clock.now(), reason=reason)
        ):
            pass

    async def _is_over(self) -> bool:
        """Nothing open, nothing pending at the provider, and quiet for a moment."""
        if not await self._is_empty():
            self._empty_since = None
            return False
        ticks = self.context.clock.ticks()
        if self._empty_since is None:
            self._empty_since = ticks
        quiet_since = max(self._empty_since, self.opened.serving.last_request)
        quiet = ticks - quiet_since >= QUIET or ticks - self._empty_since >= AT_MOST
        return quiet and not await self._feed.behind()

    async def _is_empty(self) -> bool:
        if self.status != "draining" and await self._has_work():
            return False
        if await self.context.db.aread(lambda c: self._goes_on(c)):
            return False
        return not await self._platform.pending()

    def _goes_on(self, conn: Conn) -> bool:
        """Whether somebody works, or a conversation is still coming to its end."""
        run_id, live = self.context.run_id, self.context.live
        going = live is not None and conversations.count(conn, run_id, "live") > 0
        return going or bool(agents.open_ids(conn, run_id))

    async def _has_work(self) -> bool:
        """Whether there is, or may be, a unit for somebody."""
        launcher = self.opened.launcher
        if self.status == "paused" or self.opened.counters.open or not (launcher.done or launcher.over_budget):
            return True
        return await self.context.db.aread(lambda c: units.any_open(c, self.context.run_id))

    async def _finish(self) -> str:
        """The last moves of a run: finished, or stopped and resumable."""
        async with self._moving:
            return await self._end()

    async def _end(self) -> str:
        await asyncio.to_thread(self.opened.launcher.stop)
        run_id, served, now = self.context.run_id, self.context.service.now(), self.context.clock.now()
        await self.context.db.awrite(lambda c: runs.heartbeat(c, run_id, served, now))
        if self._stop_reason is not None:
            await self._move("stopped", reason=self._stop_reason)
            return self._stop_reason
        if self.status != "draining":
            self.context.accepting = False
            await self._move("draining", reason=self._end_reason)
        await self._expire_free()
        await self._executor.finish()
        await self._move("finished", reason=self._end_reason)
        await self._feed.count()
        await self._platform.clean_up()
        return self._end_reason
