"""Task data becomes assignments and units: in slices, from a thread of its own, never too far ahead.

The ordinal is committed with each slice, so a launch that broke off goes on exactly there. How far
ahead: `blueprint.launch_ahead` free units, `task.max_open_units` open ones, and never beyond
`task.budget`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crowdcore.errors import ConfigError, StoreError
from crowdcore.state import canonical
from crowdcore.store.queries import budgets, units

if TYPE_CHECKING:
    from crowdcore.runs.watch import Watch
    from crowdcore.store import Conn
    from crowdcore.work.context import RunContext

SLICE_SECONDS = 0.010
"""How long one slice may hold the database."""
COLLECT_SECONDS = 0.2
"""Slow data is stored after so long, whatever has come: somebody may be waiting for it."""
READY_SECONDS = 0.1
"""After so long the first units count as launched, however many they are."""
MOST = 5000
"""Units in one slice, at most; one assignment with all of its units, if it has more."""
AGAIN = 1.0
"""Seconds until the database is tried again."""
LEAST = 10
"""Units in one slice that is as small as slices get."""
FIRST = 200
"""Units in the slice after one that was quick."""


@dataclass
class Ahead:
    """What limits launching, as the counters see it."""

    free: int
    open: int
    promised_micros: int


class Launcher:
    """Launches one run's units. `ready` is set when there are units to begin with, `done` when the data ended."""

    def __init__(
        self, context: RunContext, items: Iterator[Any], start: int, ahead: Callable[[Conn], Ahead], watch: Watch
    ) -> None:
        self._context = context
        self._watch = watch
        self._items = items
        self._ordinal = start
        self._ahead = ahead
        self._wake = threading.Event()
        self._quit = False
        self._storing = threading.Lock()
        self._size = 1  # the first item is there already; the second may take its time
        self._left = 0
        self._rest: list[str] = []
        self._looked = threading.Condition()
        self._looks = 0
        self._added = 0
        self.ready = threading.Event()
        self.done = False
        self.over_budget = False
        self.error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to launch, or go on after a `stop`."""
        before, self._quit = self._thread, False
        self._thread = threading.Thread(
            target=self._run, args=(before,), name=f"launch-{self._context.name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Launch nothing more; returns when the slice in hand is stored. Data that is being made is not waited for."""
        self._quit = True
        self._wake.set()
        with self._storing:
            pass

    def wake(self) -> None:
        """A unit was taken or came to an end: look again how far ahead launching is."""
        self._wake.set()

    def look_again(self, timeout: float) -> bool | None:
        """Wait until the launcher has looked once more; whether it added units. None if it did not within `timeout`
        seconds: data that is being made, or a busy machine."""
        with self._looked:
            looks, added = self._looks, self._added
            self._wake.set()
            done = self._looked.wait_for(lambda: self._looks >= looks + 2 or self._added > added or self.idle, timeout)
            return self._added > added if done else None

    @property
    def looked(self) -> bool:
        """Whether the first slice is stored, or nothing may be launched."""
        return self._looks > 0

    @property
    def idle(self) -> bool:
        """Whether nothing is being launched at this moment."""
        return self.done or self._thread is None or not self._thread.is_alive()

    def _run(self, before: threading.Thread | None) -> None:
        if before is not None:  # it may still wait for data that is being made
            before.join()
        ready_at = time.monotonic() + READY_SECONDS
        try:
            while not self._quit and not self.done:
                self._wake.clear()
                room = self._patiently(self._room)
                added = self._slice(min(self._size, room)) if room > 0 else 0
                self._note(added)
                if room <= 0 or time.monotonic() >= ready_at:
                    self.ready.set()
                if room <= 0:
                    self._wake.wait(timeout=1.0)
        except BaseException as error:  # reported by the run, which ends with it
            self.error = error
        finally:
            self.done = self.done or self.error is not None
            self._note(0)
            self.ready.set()

    def _note(self, added: int) -> None:
        with self._looked:
            self._looks += 1
            self._added += added
            self._looked.notify_all()

    def _room(self) -> int:
        """How many assignments may be launched now. With no cap but `launch_ahead`, one count does for all of them."""
        task = self._context.config.task
        if self._left <= 0 or task.max_open_units or task.budget is not None:
            self._left = self._count_room()
        return self._left

    def _count_room(self) -> int:
        context = self._context
        ahead = context.db.read(self._ahead)
        each = context.config.blueprint.units_per_assignment
        room = context.config.blueprint.launch_ahead - ahead.free
        if context.config.task.max_open_units:
            room = min(room, context.config.task.max_open_units - ahead.open)
        budget = context.config.task.budget
        if budget is not None and context.pay_micros:
            affordable = (int(budget * 1_000_000) - ahead.promised_micros) // context.pay_micros
            self.over_budget = affordable < each
            room = min(room, affordable)
        if 0 < room < each and ahead.free == 0 and ahead.open == 0 and not self.over_budget:
            return 1  # a cap below one assignment's units must not stop the run for ever
        return room // each

    def _slice(self, size: int) -> int:
        """Store the next items, at most `size`; how many units they became."""
        batch, exhausted = self._collect(size)

        def store() -> int:
            with self._storing:
                if self._quit:
                    return 0
                added, took, stored = self._context.db.write(lambda c: self._store(c, batch, exhausted))
            each = self._context.config.blueprint.units_per_assignment
            self._size = _adapted(self._size, stored, took, each)
            self._ordinal += stored
            self._rest = batch[stored:]
            self._left = 0 if self._rest else self._left - stored
            self.done = exhausted and not self._rest
            return added

        added = self._patiently(store)
        if added and self._context.live is not None:
            self._context.live.nudge()
        return added

    def _patiently(self, step: Callable[[], int]) -> int:
        """What `step` answers, however long the database cannot be used; 0 when launching is to stop."""
        while not self._quit:
            try:
                answer = step()
            except StoreError as error:  # locked, full, gone: nothing is lost by waiting
                self._watch.trouble("launching", error)
                self._wake.wait(AGAIN)
                self._wake.clear()
            else:
                self._watch.fine("launching")
                return answer
        return 0

    def _collect(self, size: int) -> tuple[list[str], bool]:
        """At most `size` items as canonical JSON, and whether the data ended."""
        batch = self._rest  # the budget had no room for these
        if len(batch) >= size:
            return batch, False
        until = time.monotonic() + COLLECT_SECONDS
        for item in self._items:
            try:
                batch.append(canonical(item))
            except (TypeError, ValueError) as error:
                raise ConfigError(f"task data, item {self._ordinal + len(batch)}: not JSON: {error}") from None
            if len(batch) >= size or time.monotonic() > until:
                return batch, False
        return batch, True

    def _store(self, conn: Conn, batch: list[str], exhausted: bool) -> tuple[int, float, int]:
        """One transaction: units added, seconds that it held the database (without the commit), items stored.

        The budget is asked again: a bonus or a late answer may have been faster.
        """
        began, context = time.monotonic(), self._context
        budget, pay = context.config.task.budget, context.pay_micros * context.config.blueprint.units_per_assignment
        if budget is not None and pay:
            room = max(0, budgets.micros_left(conn, context.run_id, budget) // pay)
            batch, exhausted = batch[:room], exhausted and len(batch) <= room
        added = units.launch_slice(
            conn, context.run_id, self._ordinal, batch, units=context.config.blueprint.units_per_assignment,
            pay_micros=context.pay_micros, exhausted=exhausted, now=context.clock.now(),
        )  # fmt: skip
        return added, time.monotonic() - began, len(batch)


def _adapted(size: int, stored: int, took: float, each: int) -> int:
    """How many assignments of `each` units the next slice may have, when `stored` of them took so many seconds."""
    if took > SLICE_SECONDS * 2:
        return max(size // 2, LEAST // each, 1)
    if took < SLICE_SECONDS / 2 and stored >= size:
        return max(min(max(size * 2, FIRST // each), MOST // each), 1)
    return size
