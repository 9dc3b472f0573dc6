"""The code of an AgentState is its author's: it runs on threads of its own kind, within a time, and never on the loop.

What only computes may say so (`crowdcore.state.nonblocking`): small work of such a class is done in place.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Hashable
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

from crowdcore.base.faults import described, place, shown
from crowdcore.errors import CrowdError, HookFailed
from crowdcore.state import AgentState

if TYPE_CHECKING:
    from crowdcore.plugins.hooks import Hooks

T = TypeVar("T")

IN_PLACE = 16 * 1024
"""Characters of JSON that a class which only computes reads or writes on the event loop."""
_CALLED = (
    "__new__", "__init__", "__post_init__", "__setattr__", "__getattribute__", "__getattr__", "set_init_state",
    "get_init_state", "set_calls", "update_data", "set_conversation", "update_submit", "get_parsed_data", "save_data",
    "load_data", "to_dict", "from_dict",
)  # fmt: skip


class StateCode:
    """Calls of one class's methods for one agent (`key`): at most two of them at a time."""

    def __init__(self, hooks: Hooks, cls: type[AgentState], key: Hashable = None) -> None:
        self._hooks = hooks
        self._cls = cls
        self._key = key
        self._method = "__init__"

    async def run(self, job: Callable[[], T], size: int = 0, *, reads: bool = False) -> T:
        """What `job` answers, which calls methods within `method`. `size`: characters of JSON that it works on.

        `reads`: it asks the database too, so it is never done in place. HookFailed if a method raises, takes too long,
        or nobody is free to call it.
        """
        if size <= IN_PLACE and not reads and only_computes(self._cls):
            return job()
        return await self._hooks.aside("state", "agent_state", lambda: self._named(self._method), job, self._key)

    def method(self, name: str) -> Self:
        """For a block that calls the method `name`: what it raises becomes a HookFailed that names the method."""
        self._method = name
        return self

    def __enter__(self) -> None:
        """The method is about to be called."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Say whose fault it is; sys.exit() is one too: it must not end the server."""
        if error is None or isinstance(error, CrowdError | KeyboardInterrupt):
            return
        own = getattr(sys.modules.get(self._cls.__module__), "__file__", None)
        where = place(error, own) if own else ""
        author = self._hooks.author("agent_state")
        raise HookFailed(author, self._named(self._method), "error", f"{described(error)}{where}") from error

    def saved(self, state: AgentState) -> str:
        """The state as the text that is stored; HookFailed if it has none: what is acknowledged must be there."""
        with self.method("save_data"):
            return saved_text(state.save_data())

    def _named(self, method: str) -> str:
        return f"{self._cls.__name__}.{method}"


def saved_text(value: object) -> str:
    """What `save_data` answered; TypeError if it is no text."""
    if not isinstance(value, str):
        raise TypeError(f"save_data answered {shown(value)}, which is no text")
    return value


@cache
def only_computes(cls: type[AgentState]) -> bool:
    """Whether all of a class that the core calls is the core's own, or marked as nonblocking."""
    return all(_is_quick(cls, name) for name in _CALLED)


def _is_quick(cls: type[AgentState], name: str) -> bool:
    home = next((base for base in cls.__mro__ if name in vars(base)), None)
    if home is None or home in AgentState.__mro__:
        return True
    found: Any = inspect.unwrap(getattr(vars(home)[name], "__func__", vars(home)[name]))
    if name == "__init__" and getattr(getattr(found, "__code__", None), "co_filename", "") == "<string>":
        return True  # a dataclass made it
    return bool(getattr(found, "crowdcore_nonblocking", False))
