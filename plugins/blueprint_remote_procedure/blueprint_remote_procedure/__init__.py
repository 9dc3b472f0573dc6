"""Pages that call functions of the task while a worker works, as a crowdcore blueprint.

from blueprint_remote_procedure import RemoteProcedureBlueprint, RemoteProcedureOptions, RemoteProcedureState
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blueprint_remote_procedure.blueprint import RemoteProcedureBlueprint, RemoteProcedureOptions
    from blueprint_remote_procedure.state import RemoteProcedureState

_HOME = {
    "RemoteProcedureBlueprint": "blueprint", "RemoteProcedureOptions": "blueprint", "RemoteProcedureState": "state",
}  # fmt: skip

__all__ = ["RemoteProcedureBlueprint", "RemoteProcedureOptions", "RemoteProcedureState"]


def __getattr__(name: str) -> Any:
    # dataclasses-json, which the state needs, is not needed by `crowd options`
    if name in _HOME:
        return getattr(import_module(f"blueprint_remote_procedure.{_HOME[name]}"), name)
    raise AttributeError(f"module 'blueprint_remote_procedure' has no attribute {name!r}")
