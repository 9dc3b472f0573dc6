"""The marker for implementations, and the private ones for specifications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

import pluggy

F = TypeVar("F", bound=Callable[..., Any])
HookKind = Literal["owner", "decision", "listener", "contribution", "closing"]

PROJECT = "crowdcore"
_spec = pluggy.HookspecMarker(PROJECT)
_impl = pluggy.HookimplMarker(PROJECT)


def _marker(kind: HookKind) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function.crowdcore_kind = kind  # type: ignore[attr-defined]
        return _spec(function)

    return mark


owner = _marker("owner")
decision = _marker("decision")
listener = _marker("listener")
contribution = _marker("contribution")
closing = _marker("closing")


class NotInPlace(Exception):
    """A nonblocking implementation raises it where this call would take long: it is called again on a thread."""


def in_place() -> bool:
    """Whether everybody waits for this call: it runs on an event loop, not on a worker thread."""
    from asyncio import get_running_loop  # 40 ms that commands without a loop can do without

    try:
        get_running_loop()
    except RuntimeError:
        return False
    return True


@overload
def hookimpl(function: F) -> F: ...
@overload
def hookimpl(*, nonblocking: bool = ..., tryfirst: bool = ..., trylast: bool = ...) -> Callable[[F], F]: ...
def hookimpl(
    function: F | None = None, *, nonblocking: bool = False, tryfirst: bool = False, trylast: bool = False
) -> F | Callable[[F], F]:
    """Mark a function or method as the implementation of the hook of the same name.

    `nonblocking=True` promises that it only computes (no I/O, well under a millisecond): it then runs
    in place instead of on a worker thread. When a call would take longer after all, it raises
    `NotInPlace`. `tryfirst`/`trylast` order implementations, as in pluggy.
    """

    def mark(target: F) -> F:
        target.crowdcore_nonblocking = nonblocking  # type: ignore[attr-defined]
        return _impl(tryfirst=tryfirst, trylast=trylast)(target)

    return mark if function is None else mark(function)
