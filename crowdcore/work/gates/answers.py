"""Declared answers compared with what a worker submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(expected: Mapping[str, Any], given: Any) -> bool:
    """Whether every declared field was answered right; other fields do not matter."""
    if not isinstance(given, Mapping):
        return False
    return all(name in given and same(right, given[name]) for name, right in expected.items())


def same(right: Any, given: Any) -> bool:
    """Whether `given` is the right value.

    Texts are compared without regard to case and surrounding space, and a number may stand as text. Where
    a list is right, a list must have the same members in any order, and anything else must be one of them.
    Of an object (say, a checkbox group {option: bool}) every named member must be right.
    """
    if isinstance(right, Mapping):
        return isinstance(given, Mapping) and all(same(value, given.get(name)) for name, value in right.items())
    if isinstance(right, list):
        if isinstance(given, list):
            return sorted(map(_plain, right)) == sorted(map(_plain, given))
        return any(same(one, given) for one in right)
    if isinstance(right, bool) or isinstance(given, bool):
        return right is given
    return _plain(right) == _plain(given)


def _plain(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{float(value):g}" if abs(value) < 1e15 else str(value)
    text = str(value).strip().casefold()
    try:
        return _plain(float(text)) if text[:1].isdigit() or text[:1] in "+-." else text
    except (ValueError, OverflowError):
        return text
