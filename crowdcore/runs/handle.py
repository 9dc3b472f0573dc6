"""A run that this process serves, in the hands of who launched it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from crowdcore.errors import RunError

if TYPE_CHECKING:
    from crowdcore.admin.passes import Role
    from crowdcore.runs.host import RunHost
    from crowdcore.work.counters import Counters


class RunHandle:
    """A run that this process serves."""

    def __init__(self, host: RunHost, release: Callable[[], None]) -> None:
        self._host = host
        self._release = release
        opened = host.open()
        self.name = host.setup.row.name
        self.task = host.setup.row.task
        self.id = host.setup.row.id
        self.config = host.setup.config
        self.url = opened.url
        self.admin_url = opened.admin_url
        self.started_at = time.time()
        self._launched = opened.launched

    def admin_link(self, role: Role = "owner") -> str:
        """A link that logs in to the admin pages once, within 10 minutes; RunError if they are not served."""
        from crowdcore.admin.access import make_login_link  # not needed where nobody looks

        if self.admin_url is None:
            raise RunError(f"run {self.name} has no admin pages")
        return make_login_link(self._host.setup.db, self._host.setup.secret_key, self.admin_url, role)

    @property
    def counters(self) -> Counters:
        """Units and agents by status, submissions and money promised, at most a moment old."""
        return self._host.counters

    def launched(self, timeout: float | None = None) -> int | None:
        """Wait until the first units are launched; how many they are, or None after `timeout` seconds.

        Raises what ended the run before it had any.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while not self._launched.done():
            if self._host.outcome.done():
                self.wait()
                return 0
            if end is not None and time.monotonic() >= end:
                return None
            time.sleep(0.005)
        return self._launched.result()

    def balance(self) -> str | None:
        """The money on the provider's platform in words, as in "12.50 USD" or why nobody knows; None if it has none."""
        with suppress(RunError):  # it has ended already
            return self._host.ask(lambda s: s.balance())
        return None

    def drain(self) -> float:
        """No new work; people in the middle may finish. Returns seconds that may take at most."""
        with suppress(RunError):  # it has ended already
            return self._host.ask(lambda s: s.drain("ended on demand"))
        return 0.0

    def stop(self) -> None:
        """Leave now; `crowd resume` goes on."""
        with suppress(RunError):  # it has ended already
            self._host.ask(lambda s: s.stop("interrupted"))
        self.wait()

    @property
    def resumable(self) -> bool:
        """Whether the run was stopped rather than finished."""
        return self._host.last_status == "stopped"

    def wait(self, timeout: float | None = None) -> str | None:
        """Wait for the end; why it ended in plain words, None after `timeout` seconds. Raises what ended it."""
        try:
            reason = self._host.wait(timeout)
        except BaseException:
            self._release()
            raise
        if reason is not None:
            self._release()
        return reason
