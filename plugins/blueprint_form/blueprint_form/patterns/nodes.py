"""The tree of a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from blueprint_form.patterns.charset import Ranges


@dataclass(frozen=True)
class Chars:
    r"""One character out of a set; `properties` are (negated, name) of \p{name} and \P{name}."""

    ranges: Ranges
    properties: tuple[tuple[bool, str], ...] = ()
    inverted: bool = False


@dataclass(frozen=True)
class Edge:
    """A place: `^`, `$`, a word boundary `b` or the lack of one `B`."""

    kind: Literal["^", "$", "b", "B"]


@dataclass(frozen=True)
class BackReference:
    """What group `index` (from 1) matched."""

    index: int


@dataclass(frozen=True)
class Group:
    """Parentheses; `index` counts the capturing ones from 1, None does not capture."""

    index: int | None
    body: Node


@dataclass(frozen=True)
class Look:
    """A lookahead or lookbehind."""

    behind: bool
    negative: bool
    body: Node


@dataclass(frozen=True)
class Repeat:
    """`body` from `least` to `most` times (None: any number)."""

    body: Node
    least: int
    most: int | None
    lazy: bool


@dataclass(frozen=True)
class Sequence:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One or the other."""

    options: tuple[Node, ...]


Node = Chars | Edge | BackReference | Group | Look | Repeat | Sequence | Choice
