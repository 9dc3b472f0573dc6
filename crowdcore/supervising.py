"""Watching over a served run: heartbeat, deadlines, wishes of commands, and its end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from crowdcore.deadlines import HEARTBEAT
from crowdcore.feed import Feed
from crowdcore.outbox import Executor
from crowdcore.store import agents, events, runs, units
from crowdcore.work import end_agent

if TYPE_CHECKING:
    from crowdcore.opening import Opened
    from crowdcore.run import Setup

TICK = 0.1
"""Seconds between two looks at everything."""
QUIET, AT_MOST = 5.0, 10.0
"""A run ends when nothing is open and so many seconds passed without a request (at most so many in all)."""
PENDING_EVERY = 5.0

log = logging.getLogger("crowdcore.run")


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
        self._end_reason = "all units are done"
        self._beat = float("-inf")
        self._empty_since: float | None = None
        self._pending_at = float("-inf")
        self._places = 0
        self._stopping = asyncio.Event()

    async def run(self) -> str:
        """Until the run ended; returns why, in plain words."""
        listening = asyncio.create_task(self._feed.follow(self._stopping))
        sending = asyncio.create_task(self._executor.follow(self._stopping))
        try:
            await self._begin()
            while not await self._tick():
                await asyncio.sleep(TICK)
            return await self._finish()
        finally:
            self.opened.launcher.stop()
            self._stopping.set()
            await asyncio.gather(listening, sending, return_exceptions=True)
            await self.opened.serving.close()

    async def _begin(self) -> None:
        context, launcher = self.context, self.opened.launcher
        await context.hooks.provider_setup(self.opened.url)
        if context.accepting:
            launcher.start()
            await asyncio.to_thread(launcher.ready.wait)
            self._raise_launch_error()
        await self._feed.count()
        self._places = self.opened.counters.units["launched"]
        await context.hooks.provider_launch(self.opened.url, self._places)
        if self.status in ("launching", "stopped"):
            await self._move("running", kind="run_running" if self._setup.fresh else "run_resumed")
        elif not self._setup.fresh:
            now = context.clock.now()
            await context.db.awrite(
                lambda c: events.append(c, context.run_id, now, "run_resumed", "operator", [])
            )
        self.opened.launched.set_result(self._places)

    async def _move(self, target: str, *, reason: str | None = None, kind: str | None = None) -> None:
        run_id, now = self.context.run_id, self.context.clock.now()
        count = self.opened.counters.units["launched"]
        await self.context.db.awrite(
            lambda c: runs.move(c, run_id, target, now, actor="service", reason=reason, kind=kind, units=count)
        )
        self.status = target

    async def _tick(self) -> bool:
        """One look at everything; True when the run is to be closed."""
        if await self._feed.count():
            self.opened.launcher.wake()
        await self._heartbeat()
        await self._time_out()
        await self._wishes()
        self._raise_launch_error()
        await self._offer_more()
        if self._stop_reason is not None:
            return True
        if self.status == "draining":
            await self._expire_free()
        elif self._limits() is not None:
            await self.drain(self._limits() or "")
        return await self._is_over()

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
            if row is not None:
                await end_agent(self.context, row, "timed_out", actor="service")

    async def _wishes(self) -> None:
        """What commands of other processes asked for."""
        row = await self.context.db.aread(lambda c: runs.get(c, self.context.run_id))
        if row.config_hash != self._config_hash:
            self._config_hash = row.config_hash
            self.context.config = self._setup.changed(self.context.config, row.config)
        if row.wanted == "stop":
            self._stop_reason = "stopped on demand"
        elif row.wanted == "drain" and self.status != "draining":
            await self.drain("ended on demand")
        elif row.wanted == "pause" and self.status == "running":
            self.context.accepting = False
            await self._move("paused")
        elif row.wanted == "run" and self.status == "paused":
            self.context.accepting = True
            await self._move("running", kind="run_unpaused")

    def _limits(self) -> str | None:
        """Why the run takes no new work any more, if its time or its patience is over."""
        row, task, now = self._setup.row, self.context.config.task, self.context.clock.now()
        if now - row.created_at >= task.lifetime:
            return "its lifetime is over"
        last = max(self.opened.counters.last_submission or 0.0, row.launched_at or row.created_at, self._since)
        if task.patience and now - last >= task.patience:
            return "nothing was submitted for so long that patience is over"
        return None

    @property
    def _since(self) -> float:
        """When this process began to serve the run (wall time): an outage is nobody's lack of patience."""
        return self.opened.serving.since

    async def drain(self, reason: str) -> float:
        """Take no new work, let people in the middle finish; returns seconds that may take at most."""
        if self.status != "draining":
            self._end_reason = reason
            self.context.accepting = False
            await asyncio.to_thread(self.opened.launcher.stop)
            await self._move("draining", reason=reason)
            await self._expire_free()
            await self.context.hooks.provider_expire()
        return await self.longest()

    async def longest(self) -> float:
        """Seconds until the last deadline of somebody who works, 0 if nobody does."""
        last = await self.context.db.aread(lambda c: agents.latest_deadline(c, self.context.run_id))
        return max(0.0, last - self.context.service.now()) if last is not None else 0.0

    async def stop(self, reason: str) -> None:
        """Leave now; the run can be resumed."""
        self._stop_reason = reason

    async def _expire_free(self) -> None:
        run_id, reason = self.context.run_id, self._end_reason
        while await self.context.db.awrite(
            lambda c: units.expire_free(c, run_id, self.context.clock.now(), reason=reason)
        ):
            pass

    async def _offer_more(self) -> None:
        """Tell the provider of units that were launched since it was asked for places."""
        total = sum(self.opened.counters.units.values())
        if total > self._places and self.context.accepting:
            more, self._places = total - self._places, total
            await self.context.hooks.provider_extend(more)

    async def _is_over(self) -> bool:
        """Nothing open, nothing pending at the provider, and quiet for a moment."""
        if not await self._is_empty():
            self._empty_since = None
            return False
        ticks = self.context.clock.ticks()
        if self._empty_since is None:
            self._empty_since = ticks
        quiet_since = max(self._empty_since, self.opened.serving.last_request)
        return ticks - quiet_since >= QUIET or ticks - self._empty_since >= AT_MOST

    async def _is_empty(self) -> bool:
        launcher = self.opened.launcher
        launching = self.context.accepting and not launcher.done and not launcher.over_budget
        if launching or self.status == "paused" or self.opened.counters.open:
            return False
        if await self.context.db.aread(lambda c: units.any_open(c, self.context.run_id)):
            return False
        if await self.context.db.aread(lambda c: agents.open_ids(c, self.context.run_id)):
            return False
        ticks = self.context.clock.ticks()
        if ticks - self._pending_at >= PENDING_EVERY:
            self._pending = await self.context.hooks.provider_pending()
            self._pending_at = ticks
        return not self._pending

    _pending = 0

    async def _finish(self) -> str:
        """The last moves of a run: finished, or stopped and resumable."""
        await asyncio.to_thread(self.opened.launcher.stop)
        run_id, served, now = self.context.run_id, self.context.service.now(), self.context.clock.now()
        await self.context.db.awrite(lambda c: runs.heartbeat(c, run_id, served, now))
        if self._stop_reason is not None:
            await self._move("stopped", reason=self._stop_reason)
            return self._stop_reason
        if self.status != "draining":
            self.context.accepting = False
            await self.context.hooks.provider_expire()
            await self._move("draining", reason=self._end_reason)
        await self._move("finished", reason=self._end_reason)
        await self._feed.count()
        await self.context.hooks.architect_shutdown()
        await self.context.hooks.provider_cleanup()
        return self._end_reason
