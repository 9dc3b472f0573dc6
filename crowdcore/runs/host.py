"""A served run's life: opened, watched over, drained, closed.

`RunHost` owns one event loop in a thread of its own, so several runs live in one process. Everything
that must survive is in the database; what is here can be killed at any instant.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future
from concurrent.futures import wait as wait_for
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.base.loops import Closed, start, tell
from crowdcore.errors import RunError
from crowdcore.runs.open import Opened, open_run
from crowdcore.runs.supervise import Supervisor

if TYPE_CHECKING:
    from crowdcore.runs.setup import Setup
    from crowdcore.work.counters import Counters

T = TypeVar("T")


class RunHost:
    """One run served by this process."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.outcome: Future[str] = Future()
        self._opened: Future[Opened] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main_task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"run-{setup.row.name}", daemon=True)
        self._supervisor: Supervisor | None = None

    def open(self) -> Opened:
        """Serve the run; returns when its first page answers. Raises CrowdError if it cannot be served."""
        try:
            self._thread.start()
            return self._opened.result()
        except BaseException:
            if self._loop is not None and self._main_task is not None:
                tell(self._loop, self._main_task.cancel)  # interrupted; what has failed ends, or ended, by itself
            self._thread.join(timeout=10)
            raise

    def _run(self) -> None:
        try:
            import uvloop  # a faster loop where it is installed

            factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        except ImportError:
            factory = asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            self._loop = runner.get_loop()
            runner.run(self._main())

    async def _main(self) -> None:
        self._main_task = asyncio.current_task()
        try:
            opened = await open_run(self.setup)
        except BaseException as error:
            self.setup.lock.release()
            self._opened.set_exception(error)
            return
        self._supervisor = Supervisor(self.setup, opened)
        self._opened.set_result(opened)
        try:
            reason = await self._supervisor.run()
        except BaseException as error:
            self.setup.lock.release()
            self.outcome.set_exception(error)
            return
        self.setup.lock.release()
        self.outcome.set_result(reason)

    def ask(self, coroutine: Callable[[Supervisor], Coroutine[Any, Any, T]]) -> T:
        """Run something on the run's loop and wait for it, from any other thread; RunError if the run has ended."""
        if self._loop is not None and asyncio._get_running_loop() is self._loop:
            raise RunError(f"run {self.setup.row.name}: a coroutine on its own event loop cannot wait for it")
        ended = RunError(f"run {self.setup.row.name} has ended")
        if self._loop is None or self._supervisor is None or self.outcome.done():
            raise ended
        try:
            answer = start(self._loop, coroutine(self._supervisor))
        except Closed:
            raise ended from None
        both: set[Future[Any]] = {answer, self.outcome}
        wait_for(both, return_when=FIRST_COMPLETED)
        try:
            return answer.result(timeout=1.0)
        except (CancelledError, TimeoutError):
            raise ended from None

    @property
    def counters(self) -> Counters:
        """The run's counters, at most a moment old."""
        return self._opened.result().counters

    @property
    def last_status(self) -> str:
        """The run's status as this process last moved it."""
        return self.setup.row.status if self._supervisor is None else self._supervisor.status

    def wait(self, timeout: float | None = None) -> str | None:
        """Wait until the run ended; the reason in plain words, or None when `timeout` seconds passed."""
        try:
            return self.outcome.result(timeout)
        except TimeoutError:
            if self.outcome.done():  # then it is what ended the run
                raise
            return None
