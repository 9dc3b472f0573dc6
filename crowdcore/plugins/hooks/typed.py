"""Checks of what owner hooks answer, so that a wrong type is told with the plugin's name."""

from __future__ import annotations

from typing import Any, TypeVar

from crowdcore.base.faults import shown
from crowdcore.errors import PluginError
from crowdcore.plugins.checks import HOOKS
from crowdcore.plugins.hooks.callers import Callers, Implementation

T = TypeVar("T")


class TypedCallers(Callers):
    """`Callers` whose owner answers have the type that the hook declares."""

    async def _tell(self, hook: str, /, **given: Any) -> None:
        """Call an owner hook that answers nothing."""
        await self._owner(hook, **given)

    async def _want(self, hook: str, answer: type[T], /, **given: Any) -> T:
        """Call an owner hook whose answer is an `answer`; PluginError otherwise."""
        value = await self._owner(hook, **given)
        if isinstance(value, answer):
            return value
        raise self._wrong(hook, value)

    def _wrong(self, hook: str, value: Any, source: Implementation | None = None) -> PluginError:
        """The error for an answer that the hook does not want, given by `source` (default: the first)."""
        culprit = source or self._chains[hook][0]
        return PluginError(f"{hook} of {culprit.label} answered {shown(value)}; the hook wants {HOOKS[hook].answer}")
