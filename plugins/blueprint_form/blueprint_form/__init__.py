"""Forms as a crowdcore blueprint: sections, fields, validators, triggers, tokens.

from blueprint_form import FormBlueprint, check, checked_items, validate
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blueprint_form.blueprint import FormBlueprint
    from blueprint_form.check_form import Custom, check
    from blueprint_form.data import checked_items
    from blueprint_form.options import FormOptions
    from blueprint_form.problems import Problem
    from blueprint_form.rules import validate
    from blueprint_form.state import FormState

_HOME = {
    "Custom": "check_form", "FormBlueprint": "blueprint", "FormOptions": "options", "FormState": "state",
    "Problem": "problems", "check": "check_form", "checked_items": "data", "validate": "rules",
}  # fmt: skip

__all__ = ["Custom", "FormBlueprint", "FormOptions", "FormState", "Problem", "check", "checked_items", "validate"]


def __getattr__(name: str) -> Any:
    # `crowd form …` and `crowd options` need only a part of the package, so parts load when used
    if name in _HOME:
        return getattr(import_module(f"blueprint_form.{_HOME[name]}"), name)
    raise AttributeError(f"module 'blueprint_form' has no attribute {name!r}")
