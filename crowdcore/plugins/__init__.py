"""Plugins: what is installed (the catalogue), what stands beside a task, what one run uses and how it is asked.

`hookspecs/` says what can be implemented, `hooks/` calls it, `run` is what hooks see. The catalogue imports
no plugin; `RunPlugins`, one per run, is imported when it is first asked for, because it brings pluggy along and most
commands do without. May import: store, base and the words. Authors use crowdcore, crowdcore.options, crowdcore.bots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crowdcore.plugins.catalogue import GROUPS, Catalogue, Entry, catalogue
from crowdcore.plugins.local import LocalFiles, load_hooks_module, load_unpackaged

if TYPE_CHECKING:
    from crowdcore.plugins.manager import Registered, RunPlugins

__all__ = [
    "GROUPS", "Catalogue", "Entry", "LocalFiles", "Registered", "RunPlugins", "bots", "catalogue", "checks",
    "defaults", "gate_data", "hooks", "inspection", "live_assignment", "load_hooks_module", "load_unpackaged", "local",
    "markers", "option_types", "options", "procedures", "records", "results", "run", "schema",
    "stand_ins", "state_code",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("RunPlugins", "Registered"):
        from crowdcore.plugins import manager

        return getattr(manager, name)
    raise AttributeError(f"module 'crowdcore.plugins' has no attribute {name!r}")
