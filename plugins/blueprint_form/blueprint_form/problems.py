"""Faults of a form with their JSON paths, collected so that all are told at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Problem:
    """One fault: `path` is a JSON path such as `[0].form.sections[1].title`, `message` what is wrong there.

    A `doubt` stops nothing: its author is told.
    """

    path: str
    message: str
    doubt: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def suggestion(word: str, known: Iterable[str]) -> str:
    """ " (did you mean 'x'?)" for the nearest known word, else the list of known words."""
    words = list(known)
    near = get_close_matches(word, words, 1, 0.6)
    if near:
        return f" (did you mean {near[0]!r}?)"
    return f" (known: {', '.join(words)})" if words else ""


def shape(value: Any) -> str:
    """What a JSON value is, in a user's words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            text = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
            return f"the text {text!r}"
        case list():
            return "a list"
        case _:
            return "an object"


def key_path(path: str, key: str) -> str:
    """`path` with one more key, quoted when it is not a plain word."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        return f"{path}.{key}" if path else key
    return f"{path}[{key!r}]"
