"""Random numbers that a conversation draws again after a crash.

A world file says `import random`. That name, and what it imports from `random`, mean the generator of the
conversation whose thread runs; everywhere else the standard module.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_local = threading.local()
_SHARED = random.choice.__self__  # type: ignore[attr-defined]  # whose methods the functions of `random` are


class _Random:
    """Stands for the module `random` in a world file."""

    def __getattr__(self, name: str) -> Any:
        current = getattr(_local, "current", None)
        return getattr(random if current is None or not hasattr(current, name) else current, name)

    def __repr__(self) -> str:
        return "<random numbers of the conversation>"


_STAND_IN = _Random()


def seed_names(module: ModuleType) -> None:
    """Let the names of `module` that mean `random`, or one of its functions, mean the conversation's generator."""
    for name, value in list(vars(module).items()):
        if value is random:
            setattr(module, name, _STAND_IN)
        elif getattr(value, "__self__", None) is _SHARED:
            setattr(module, name, _forwarded(value.__name__))


def _forwarded(name: str) -> Callable[..., Any]:
    def draw(*given: Any, **named: Any) -> Any:
        return getattr(_STAND_IN, name)(*given, **named)

    draw.__name__ = name
    return draw


@contextmanager
def drawing_from(generator: random.Random) -> Iterator[None]:
    """Within the block, on this thread, world files draw from `generator`."""
    _local.current = generator
    try:
        yield
    finally:
        _local.current = None
