"""JavaScript's regular expressions, matched in Python with the same verdict as `RegExp.test`.

A pattern is parsed by JavaScript's grammar and written again for the `regex` library, with every
character class spelled out, so that neither side's idea of `$ \\d \\w \\s .` or of upper case leaks in.
What one side lacks is refused by `compile_pattern` with the reason, before anything is launched.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from time import thread_time
from typing import Any

from blueprint_form.patterns.charset import to_units
from blueprint_form.patterns.emit import emit
from blueprint_form.patterns.parse import PatternError, parse
from blueprint_form.patterns.sample import sample
from blueprint_form.patterns.slow import slow_text
from crowdcore import NotInPlace, in_place

__all__ = ["TIME_LIMIT", "Budget", "Pattern", "PatternError", "compile_pattern", "sample", "slow_text"]

TIME_LIMIT = 0.05
"""Seconds of computing that all matches of one answer together may take on the server."""
_IN_PLACE = 0.002
"""The same on an event loop."""

_FLAGS = "imsuy"


class Budget:
    """What is left to compute for one answer, here (on an event loop, or not): `left` seconds."""

    def __init__(self) -> None:
        self.here = in_place()
        self.left = _IN_PLACE if self.here else TIME_LIMIT

    def over(self) -> Exception:
        """Why a match ends that takes longer."""
        return NotInPlace() if self.here else TimeoutError()


class Pattern:
    """A checked pattern; `flags` are JavaScript's without g. Made by `compile_pattern`."""

    def __init__(self, source: str, flags: str) -> None:
        self.flags = flags
        self.tree = parse(source, flags)
        self._text = emit(self.tree, flags)
        self._compiled: Any = None

    def test(self, text: str, budget: Budget | None = None) -> bool:
        """Whether `text` holds a match, as `RegExp.test` says; TimeoutError when the budget (default: one of its own,
        50 ms) is used up.

        On an event loop NotInPlace, if it has to be compiled or the budget of 2 ms is used up.
        """
        budget = budget or Budget()
        if self._compiled is None:
            if budget.here:
                raise NotInPlace
            regex = import_module("regex")  # 40 ms, and only needed when an answer arrives
            self._compiled = regex.compile(self._text, regex.V0)
        units = to_units(text) if "u" not in self.flags else text
        find = self._compiled.match if "y" in self.flags else self._compiled.search
        while budget.left > 0:
            began = thread_time()
            try:
                return find(units, timeout=budget.left) is not None
            except TimeoutError:  # the library's clock also counts what all other threads did meanwhile
                continue
            finally:
                budget.left -= thread_time() - began
        raise budget.over()


@lru_cache(maxsize=2048)
def compile_pattern(source: str, flags: str = "") -> Pattern:
    """The pattern of `/source/flags`; PatternError says what is wrong or not the same on both sides."""
    flags = flags.replace("g", "")
    for flag in flags:
        if flag not in _FLAGS:
            raise PatternError(f"flag {flag!r} is not offered; flags are i, m, s, u, y (g changes nothing)")
    if len(set(flags)) != len(flags):
        raise PatternError(f"flags {flags!r} name one flag twice")
    return Pattern(source, "".join(sorted(flags)))
