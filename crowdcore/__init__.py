"""crowdcore: launch, run, review and pay crowdsourcing tasks, composed from plugins.

The public API in one screen; every name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crowdcore.base.version import __version__

if TYPE_CHECKING:
    from crowdcore.config import RunConfig, load_config
    from crowdcore.errors import ConfigError, CrowdError, PluginError, RunError, StoreError
    from crowdcore.plugins.live_assignment import LiveAssignment, Message
    from crowdcore.plugins.markers import NotInPlace, hookimpl, in_place
    from crowdcore.plugins.options import option
    from crowdcore.plugins.procedures import Procedures, procedure
    from crowdcore.plugins.run import Run
    from crowdcore.runs.handle import RunHandle
    from crowdcore.runs.launch import launch, resume, wait
    from crowdcore.runs.stored import open as open  # noqa: A004
    from crowdcore.state import AgentState
    from crowdcore.types import (
        AdminPage,
        Agent,
        AgentEnded,
        Assignment,
        Completion,
        Identity,
        LaunchReduced,
        Payment,
        Refusal,
        Release,
        Requeue,
        RunFinished,
        RunLaunched,
        StandIn,
        Unit,
        UnitLaunched,
        UnitReviewed,
        UnitSubmitted,
        Visit,
        Wait,
        Worker,
    )
    from crowdcore.work.gates import Gate

_HOME = {
    "crowdcore.config": "RunConfig load_config",
    "crowdcore.errors": "ConfigError CrowdError PluginError RunError StoreError",
    "crowdcore.plugins.run": "Run",
    "crowdcore.plugins.live_assignment": "LiveAssignment Message",
    "crowdcore.work.gates": "Gate",
    "crowdcore.runs.handle": "RunHandle",
    "crowdcore.runs.launch": "launch resume wait",
    "crowdcore.runs.stored": "open",
    "crowdcore.plugins.markers": "NotInPlace hookimpl in_place",
    "crowdcore.plugins.options": "option",
    "crowdcore.plugins.procedures": "Procedures procedure",
    "crowdcore.state": "AgentState",
    "crowdcore.types": (
        "AdminPage Agent AgentEnded Assignment Completion Identity LaunchReduced Payment Refusal Release Requeue "
        "RunFinished RunLaunched StandIn Unit UnitLaunched UnitReviewed UnitSubmitted Visit Wait Worker"
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "AdminPage", "Agent", "AgentEnded", "AgentState", "Assignment", "Completion", "ConfigError", "CrowdError", "Gate",
    "Identity",
    "LaunchReduced", "LiveAssignment", "Message", "NotInPlace", "Payment", "PluginError", "Procedures", "Refusal",
    "Release", "Requeue", "Run", "RunConfig", "RunError", "RunFinished", "RunHandle", "RunLaunched", "StandIn",
    "StoreError", "Unit", "UnitLaunched", "UnitReviewed", "UnitSubmitted", "Visit", "Wait", "Worker", "__version__",
    "hookimpl", "in_place", "launch", "load_config", "option", "procedure", "resume", "wait",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module 'crowdcore' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "open"]  # which `from crowdcore import *` must not put over Python's own
