"""The hooks of one run as typed methods, named and shaped as in hookspecs without `run`.

    hooks = Hooks(plugins, partial(plugins.facade, services))
    refusal = await hooks.worker_can_do_unit(worker, unit)

Methods are coroutines for any event loop (`asyncio.run(hooks.provider_check())` outside of one), except
`blueprint_task_data`, which the launching thread iterates.
"""

from __future__ import annotations

from crowdcore.plugins.hooks.blueprint import UNCHECKED, BlueprintHooks
from crowdcore.plugins.hooks.common import CLOSE, NEUTRAL, Contributed, OtherHooks
from crowdcore.plugins.hooks.provider import ProviderHooks

__all__ = ["CLOSE", "NEUTRAL", "UNCHECKED", "Contributed", "Hooks"]


class Hooks(BlueprintHooks, ProviderHooks, OtherHooks):
    """Every hook of one run. `has(hook)` tells whether a plugin besides the core implements it."""
