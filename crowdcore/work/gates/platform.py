"""Whom the provider's platform blocks: asked before a worker gets work, and remembered for a minute."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from crowdcore.errors import CrowdError, HookFailed, RequestError
from crowdcore.work.gates.extensions import unchecked

if TYPE_CHECKING:
    from crowdcore.plugins.hooks import Hooks
    from crowdcore.types import Worker
    from crowdcore.work.gates.setup import Gates

REMEMBERED = 60.0
"""Seconds for which a platform's "not blocked" is taken for granted."""
_MOST = 10_000

log = logging.getLogger("crowdcore.gates")


async def platform_blocks(hooks: Hooks, gates: Gates, worker: Worker, now: float) -> bool:
    """Whether the platform blocks the worker (`now` is the clock's ticks); simulated ones it has never heard of.

    RequestError, if it cannot be asked: the operator sees why, and nothing is kept against the worker.
    """
    if worker.simulated or not hooks.has("provider_is_blocked"):
        return False
    if now - gates.let_in.get(worker.id, float("-inf")) < REMEMBERED:
        return False
    try:
        blocked = await hooks.provider_is_blocked(worker)
    except CrowdError as error:
        log.error("whether worker %s is blocked: %s", worker.name, error, exc_info=error.__cause__)
        if isinstance(error, HookFailed) and error.reason == "busy":
            raise RequestError(503, "busy", "Many people come at once. Please try again in a moment.") from None
        raise unchecked() from None
    gates.let_in.pop(worker.id, None)
    if not blocked:
        gates.let_in[worker.id] = now  # the newest last
        if len(gates.let_in) > _MOST:
            gates.let_in.pop(next(iter(gates.let_in)))
    return blocked
