"""Server procedures: functions of a task that its page calls while a worker works.

    @crowdcore.procedure("classify")
    def classify(agent, args: Drawing, request_id):
        return {"digit": model.predict(args.pixels)}

A function takes what it needs of `agent` (with `agent.state`), `args` (the page's JSON; an instance if it is annotated
with a dataclass), `request_id` (the same when the page repeats a call) and `run`. It returns JSON.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.base.faults import described, place
from crowdcore.errors import HookFailed, PluginError, RequestError

if TYPE_CHECKING:
    from crowdcore.plugins.run import Run
    from crowdcore.types import Agent

F = TypeVar("F", bound=Callable[..., Any])

MARK = "crowdcore_procedure"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_OFFERED = ("agent", "args", "request_id", "run")


def procedure(name: str) -> Callable[[F], F]:
    """Mark a function of hooks.py as the procedure that pages call `name`; PluginError if that is no name."""
    _check_name(name)

    def mark(function: F) -> F:
        setattr(function, MARK, name)
        return function

    return mark


class Procedures:
    """Procedures given from Python: `launch(…, hooks=[Procedures({"classify": classify})])`."""

    def __init__(self, procedures: Mapping[str, Callable[..., Any]]) -> None:
        for name in procedures:
            _check_name(name)
        self.procedures = dict(procedures)


@dataclass(frozen=True)
class Procedure:
    """One function: `source` is where it comes from (hooks.py), `accepts` are the arguments that it takes."""

    name: str
    source: str
    function: Callable[..., Any]
    accepts: tuple[str, ...]
    args_type: type | None = None

    def __call__(self, *, run: Run, agent: Agent, args: Any, request_id: str) -> Any:
        """The function's answer. RequestError `invalid` for wrong arguments; HookFailed for whatever it raises."""
        if self.args_type is not None:
            from crowdcore.base.typed_json import typed  # most procedures take plain JSON

            try:
                args = typed(self.args_type, args, "args")
            except ValueError as error:
                raise RequestError(422, "invalid", f"Procedure {self.name!r}: {error}.") from None
        given = {"run": run, "agent": agent, "args": args, "request_id": request_id}
        try:
            return self.function(**{name: given[name] for name in self.accepts})
        except RequestError:
            raise  # an author's own words for the page
        except Exception as error:
            raise HookFailed(self.source, f"procedure {self.name}", "error", _said(self.function, error)) from error


def collect(plugins: Iterable[tuple[str, object]]) -> dict[str, Procedure]:
    """The procedures of all plugins (label, module or object), by name.

    PluginError for a name that two of them claim, and for functions that cannot be called.
    """
    found: dict[str, Procedure] = {}
    for label, plugin in plugins:
        for name, function in _marked(plugin):
            one = _made(name, label, function)
            other = found.get(name)
            if other is not None and other.function is not function:
                raise PluginError(f"procedure {name!r}: both {other.source} and {label} have one; rename one of them")
            found[name] = one
    return found


def _marked(plugin: object) -> Iterator[tuple[str, Callable[..., Any]]]:
    if isinstance(plugin, Procedures):
        yield from plugin.procedures.items()
    for attribute in dir(plugin):
        found = inspect.getattr_static(plugin, attribute, None)
        name = getattr(found, MARK, None) if inspect.isroutine(found) else None
        if isinstance(name, str):
            yield name, getattr(plugin, attribute)


def _made(name: str, label: str, function: Callable[..., Any]) -> Procedure:
    where = f"{label}: procedure {name!r}"
    if not callable(function):
        raise PluginError(f"{where} is no function")
    if inspect.iscoroutinefunction(function):
        raise PluginError(f"{where} is an async function; write a plain def, it runs on a thread of its own")
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise PluginError(f"{where} cannot be looked into; wrap it in a function") from None
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return Procedure(name, label, function, _OFFERED)
    named = [each for each in parameters.values() if each.kind is not each.VAR_POSITIONAL]
    for each in named:
        if each.name not in _OFFERED and each.default is each.empty:
            raise PluginError(f"{where} has no argument {each.name!r}; it may take {', '.join(_OFFERED)}")
        if each.kind is each.POSITIONAL_ONLY:
            raise PluginError(f"{where} gets its arguments by name; remove the /")
    accepts = tuple(each.name for each in named if each.name in _OFFERED)
    kind = _annotation(where, function) if "args" in accepts else None
    return Procedure(name, label, function, accepts, kind)


def _annotation(where: str, function: Callable[..., Any]) -> type | None:
    """The dataclass that `args` is annotated with, if it is one."""
    found = getattr(function, "__annotations__", {}).get("args")
    if isinstance(found, str):
        try:
            found = eval(found, getattr(function, "__globals__", {}))  # the author's words  # noqa: S307  # nosec B307
        except Exception as error:
            raise PluginError(f"{where}: the annotation of args, {found!r}: {described(error)}") from None
    return found if isinstance(found, type) and is_dataclass(found) else None


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PluginError(
            f"{name!r} is no name for a procedure: a letter, then letters, digits, dots, dashes, at most 100"
        )


def _said(function: Callable[..., Any], error: BaseException) -> str:
    code = getattr(function, "__code__", None)
    return described(error) + place(error, None if code is None else code.co_filename)
