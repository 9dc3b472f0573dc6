"""What is checked of an implementation before a run may use it: its name, its arguments, its colour."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any

from crowdcore.base.faults import meant
from crowdcore.errors import PluginError
from crowdcore.plugins.hookspecs import SPECS
from crowdcore.plugins.markers import PROJECT, HookKind

_LISTED = "; docs/hooks.md lists all of them"
INNER = "inner"
"""The extra argument by which an override of an owner hook gets at what it overrides."""
_CALLABLE = (FunctionType, MethodType, staticmethod, classmethod)


@dataclass(frozen=True)
class Spec:
    """One hook: its parameters without `self`, in order, its colour, and what it says it answers."""

    name: str
    kind: HookKind
    parameters: tuple[str, ...]
    is_async: bool
    answer: str

    @property
    def may_be_none(self) -> bool:
        """Whether None is among the answers."""
        return "None" in self.answer.replace("|", " ").split()


def _specs() -> dict[str, Spec]:
    found: dict[str, Spec] = {}
    for group in SPECS:
        for name, function in vars(group).items():
            kind = getattr(function, "crowdcore_kind", None)
            if kind is not None:
                signature = inspect.signature(function)
                names = tuple(signature.parameters)[1:]
                answer = str(signature.return_annotation)
                found[name] = Spec(name, kind, names, inspect.iscoroutinefunction(function), answer)
    return found


HOOKS: dict[str, Spec] = _specs()
"""Every hook by its name."""


def implementations(plugin: object, label: str) -> dict[str, Callable[..., Any]]:
    """The marked functions of `plugin` (instance or module) by name, all of them checked.

    `label` starts the messages. PluginError lists every fault: an unknown hook, an unknown argument,
    an async function for a plain hook or the reverse, a hook's name without `@hookimpl`.
    """
    found: dict[str, Callable[..., Any]] = {}
    problems: list[str] = []
    for name in dir(plugin):
        if not isinstance(inspect.getattr_static(plugin, name, None), _CALLABLE):  # never run a property
            continue
        function = getattr(plugin, name)
        marked = getattr(function, f"{PROJECT}_impl", None)
        if marked is not None:
            problems += _problems(name, function, marked)
            found[name] = function
        elif name in HOOKS:
            problems.append(f"{name} is the name of a hook, but is not marked; write @hookimpl above it")
    if problems:
        raise PluginError.many([f"{label}: {problem}" for problem in problems])
    return found


def _problems(name: str, function: Callable[..., Any], marked: dict[str, Any]) -> list[str]:
    spec = HOOKS.get(name)
    if spec is None:
        return [f"unknown hook {name!r}{meant(name, HOOKS) or _LISTED}"]
    problems = [
        f"hook {name} has no argument {argument!r}; it offers {', '.join(offered(spec))}"
        for argument in arguments(function)
        if argument not in offered(spec) and _required(function, argument)
    ]
    if any(p.kind is p.POSITIONAL_ONLY for p in inspect.signature(function).parameters.values()):
        problems.append(f"hook {name} gets its arguments by name; remove the /")
    if inspect.iscoroutinefunction(function) != spec.is_async:
        wrong, right = ("a plain", "async def") if spec.is_async else ("an async", "a plain def")
        problems.append(f"{name} is {wrong} function; the hook wants {right}")
    if marked.get("wrapper") or marked.get("hookwrapper"):
        problems.append(f"{name} is a wrapper; take the argument {INNER!r} instead")
    if marked.get("specname"):
        problems.append(f"{name} must carry the name of its hook, not `specname`")
    return problems


def offered(spec: Spec) -> tuple[str, ...]:
    """The arguments that an implementation of `spec` may take."""
    return (*spec.parameters, INNER) if spec.kind == "owner" else spec.parameters


def arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    """The named parameters of an implementation, without `self`, `*args` and `**kwargs`."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))


def _required(function: Callable[..., Any], argument: str) -> bool:
    """A parameter that no hook fills is fine as long as it has a default of its own."""
    return inspect.signature(function).parameters[argument].default is inspect.Parameter.empty
