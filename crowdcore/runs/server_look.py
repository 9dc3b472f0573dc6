"""What the architect says of the server, and the provider of its account: asked with a limit, told in words."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from crowdcore.base.quantities import format_money
from crowdcore.base.wait import pause
from crowdcore.errors import CrowdError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crowdcore.plugins.hooks import Hooks
    from crowdcore.runs.watch import Watch
    from crowdcore.work.context import RunContext

ASK_SECONDS = 10.0
"""How long somebody who looks at a run waits for an answer."""
EVERY = 20.0
"""Seconds between two questions to the architect of a served run."""
_LOOK = 0.5
SERVER = "server"

log = logging.getLogger("crowdcore.run")


async def balance(hooks: Hooks, currency: str) -> str | None:
    """The money on the platform, as in "12.50 USD", or why nobody knows; None where there is no such thing."""
    if not hooks.has("provider_balance"):
        return None
    hooks.limit("provider_balance", ASK_SECONDS)
    try:
        found = await hooks.provider_balance()
    except CrowdError as error:
        return f"unknown: {'; '.join(error.problems)}"
    return None if found is None else f"{format_money(found, currency)} {currency}"


async def server_status(hooks: Hooks) -> str | None:
    """ "up", "down" or "unknown" (with the reason, if the architect could not say); None where nobody looks."""
    if not hooks.has("architect_status"):
        return None
    hooks.limit("architect_status", ASK_SECONDS)
    try:
        return await hooks.architect_status()
    except CrowdError as error:
        return f"unknown: {'; '.join(error.problems)}"


class ServerLook:
    """Asks the architect of a served run now and then; a server that is down is a trouble of the run."""

    def __init__(self, context: RunContext, watch: Watch) -> None:
        self._context = context
        self._watch = watch
        self._asked = context.clock.ticks()
        self._told = ""

    async def follow(self, stop: asyncio.Event, fine: Callable[[], None]) -> None:
        """Until `stop`; `fine` hears when the server is up, or nobody can say that it is not."""
        if not self._context.hooks.has("architect_status"):
            return
        while not stop.is_set():
            if self._context.clock.ticks() - self._asked >= EVERY:
                self._asked = self._context.clock.ticks()
                self._heard(await server_status(self._context.hooks), fine)
            await pause(stop, _LOOK)

    def _heard(self, said: str | None, fine: Callable[[], None]) -> None:
        if said == "down":
            author = self._context.hooks.author("architect_status")
            self._watch.trouble(SERVER, RunError(f"architect_status of {author} says that it is down"))
            return
        fine()
        word, _, why = (said or "").partition(": ")
        if why and why != self._told:
            log.error("%s: whether its server is up is %s: %s", self._context.name, word, why)
        self._told = why
