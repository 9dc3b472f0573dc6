"""Forms that differ in nothing that a check looks at: the many items of one task are mostly of one make.

Once a form is found to be without a fault, another whose JSON text is the same but for what people read (titles,
labels, defaults of text fields) has none either, and splitting its text at the quotation marks is many times cheaper
than looking at each of its parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from blueprint_form.schema import FREE_VALUES, HTML_ATTRIBUTES

_READ = HTML_ATTRIBUTES | {"tooltip", "placeholder", "text"}
"""Attributes whose text is shown, whatever it is; an empty label may be a fault."""
_MOST = 1000
"""Forms that are remembered: where each is of another make, remembering them helps nobody."""
_KEY = re.compile(r"\s*:")
_VALUE = re.compile(r"\s*:\s*\Z")
_SIGNS = re.compile(r"[{}]")

Strings = Sequence[str]
_Getter = Callable[[Strings], tuple[str, ...]]


class _Place(NamedTuple):
    """One string of a JSON text: the key that it is the value of (None: it is a key, or stands in a list)."""

    is_key: bool
    key: str | None
    object: int


@dataclass
class _Make:
    """Forms with the same marks between their strings, and the same keys."""

    solid: _Getter
    labels: _Getter
    places: list[_Place]
    known: dict[tuple[str, ...], _Getter] = field(default_factory=dict)
    """The strings that a check looks at → those among the default values that it looks at too."""


class Alike:
    """What forms without a fault look like. Not for several threads."""

    def __init__(self) -> None:
        self._keys: dict[str, _Getter] = {}
        self._makes: dict[tuple[str, tuple[str, ...]], _Make] = {}
        self._seen: set[tuple[int, tuple[str, ...], tuple[str, ...]]] = set()

    def known(self, text: str) -> bool:
        """Whether the form of this (valid) JSON text cannot have a fault."""
        marks, strings = _split(text)
        keys = self._keys.get(marks)
        make = self._makes.get((marks, keys(strings))) if keys is not None else None
        if make is None or not all(make.labels(strings)):
            return False
        solid = make.solid(strings)
        checked = make.known.get(solid)
        return checked is not None and (id(make), solid, checked(strings)) in self._seen

    def learn(self, text: str) -> None:
        """A form was looked at and has no fault."""
        if len(self._seen) >= _MOST:
            return
        marks, strings = _split(text)
        if marks not in self._keys:
            self._keys[marks] = _getter([at for at, place in enumerate(_places(text)) if place.is_key])
        keys = self._keys[marks](strings)
        if (marks, keys) not in self._makes:
            places = _places(text)
            if _has_doubles(places, strings):
                return
            self._makes[marks, keys] = _make(places)
        make = self._makes[marks, keys]
        solid = make.solid(strings)
        if solid not in make.known:
            make.known[solid] = _checked_values(make.places, strings)
        self._seen.add((id(make), solid, make.known[solid](strings)))


def _split(text: str) -> tuple[str, list[str]]:
    """What stands between the strings of a JSON text, and the strings as they are written."""
    if '\\"' in text:  # no control character stands in valid JSON
        text = text.replace("\\\\", "\1").replace('\\"', "\2")
    parts = text.split('"')
    return '"'.join(parts[::2]), parts[1::2]


def _places(text: str) -> list[_Place]:
    marks, strings = _split(text)
    between = marks.split('"')
    found: list[_Place] = []
    objects, count = [0], 0
    for at in range(len(strings)):
        for sign in _SIGNS.findall(between[at]):
            if sign == "{":
                count += 1
                objects.append(count)
            else:
                objects.pop()
        is_key = _KEY.match(between[at + 1]) is not None
        key = strings[at - 1] if at and _VALUE.fullmatch(between[at]) else None
        found.append(_Place(is_key, key, objects[-1]))
    return found


def _has_doubles(places: list[_Place], strings: Strings) -> bool:
    keys = [(place.object, string) for place, string in zip(places, strings, strict=True) if place.is_key]
    return len(set(keys)) < len(keys)


def _make(places: list[_Place]) -> _Make:
    labels = [at for at, place in enumerate(places) if place.key == "label"]
    solid = [at for at, place in enumerate(places) if not place.is_key and place.key not in (*_READ, "value")]
    return _Make(_getter(solid), _getter(labels), places)


def _checked_values(places: list[_Place], strings: Strings) -> _Getter:
    """Default values and options that are looked at: all but those of fields that take any text, unless empty."""
    free = {place.object for place, string in zip(places, strings, strict=True)
            if place.key == "type" and string in FREE_VALUES}  # fmt: skip
    return _getter([at for at, place in enumerate(places) if place.key == "value" and place.object not in free])


def _getter(at: Sequence[int]) -> _Getter:
    if not at:
        return _nothing
    if len(at) == 1:
        return _one(at[0])
    found: Any = itemgetter(*at)
    return found  # type: ignore[no-any-return]


def _nothing(_strings: Strings) -> tuple[str, ...]:
    return ()


def _one(at: int) -> _Getter:
    return lambda strings: (strings[at],)
