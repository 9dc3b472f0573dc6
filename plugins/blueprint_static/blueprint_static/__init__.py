"""Any HTML page, or a front end of your own, as a crowdcore blueprint: one page per row of data.

from blueprint_static import StaticBlueprint, StaticOptions, StaticState, Template
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blueprint_static.blueprint import StaticBlueprint
    from blueprint_static.options import StaticOptions
    from blueprint_static.pages import Pages
    from blueprint_static.state import StaticState
    from blueprint_static.template import Template

_HOME = {
    "Pages": "pages", "StaticBlueprint": "blueprint", "StaticOptions": "options", "StaticState": "state",
    "Template": "template",
}  # fmt: skip

__all__ = ["Pages", "StaticBlueprint", "StaticOptions", "StaticState", "Template"]


def __getattr__(name: str) -> Any:
    # `crowd options` needs only a part of the package, so parts load when used
    if name in _HOME:
        return getattr(import_module(f"blueprint_static.{_HOME[name]}"), name)
    raise AttributeError(f"module 'blueprint_static' has no attribute {name!r}")
