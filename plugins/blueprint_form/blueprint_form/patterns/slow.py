"""Patterns that take for ever on some texts, found by trying. Steps are counted, so the verdict is always the same.

`^(a+)+$` asks of `aaaaaaaaaaaaaaaaaaaaaaaa!` in which of eight million ways the letters belong together. Only a
repetition with a repetition or a choice in it can do that. Each of these is tried with texts that repeat what it
repeats and then fail, by a matcher that goes back and forth as browsers do.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from blueprint_form.patterns.nodes import BackReference, Chars, Choice, Edge, Group, Look, Node, Repeat, Sequence
from blueprint_form.patterns.sample import sample

STEPS = 20_000
"""Beyond which a match of a text this short counts as taking for ever."""
_TIMES, _LONGEST = 24, 60
_MANY = 10
_SEEDS = 8
_ENDINGS = ("!", "\0", "\n~")


class _TooLong(Exception):
    """The match took more than STEPS."""


def slow_text(tree: Node) -> str | None:
    """A short text on which the pattern takes for ever; None if none was found."""
    for before, repeat in _suspects(tree, ()):
        start = sample(Sequence(before), Random(0))[:20]  # noqa: S311  # the same text each time
        for part in _parts(repeat.body):
            times = max(2, min(_TIMES, _LONGEST // len(part)))
            for ending in _ENDINGS:
                text = start + part * times + ending
                if _takes_for_ever(tree, text):
                    return text
    return None


def _suspects(node: Node, before: tuple[Node, ...]) -> Iterator[tuple[tuple[Node, ...], Repeat]]:
    """Repetitions that hold a repetition or a choice, each with what stands before it."""
    match node:
        case Repeat(body, _, most, _):
            if (most is None or most >= _MANY) and _branches(body):
                yield before, node
            yield from _suspects(body, before)
        case Group(_, body) | Look(_, _, body):
            yield from _suspects(body, before)
        case Sequence(items):
            for n, item in enumerate(items):
                yield from _suspects(item, (*before, *items[:n]))
        case Choice(options):
            for option in options:
                yield from _suspects(option, before)


def _branches(node: Node) -> bool:
    match node:
        case Repeat(body, least, most, _):
            return least != most or _branches(body)
        case Group(_, body) | Look(_, _, body):
            return _branches(body)
        case Sequence(items):
            return any(map(_branches, items))
        case Choice():
            return True
    return False


def _parts(body: Node) -> list[str]:
    """Short texts that the body of a repetition matches, perhaps."""
    found = {sample(body, Random(seed)) for seed in range(_SEEDS)}  # noqa: S311
    return sorted((text for text in found if 0 < len(text) <= _LONGEST // 2), key=lambda text: (len(text), text))[:4]


def _takes_for_ever(tree: Node, text: str) -> bool:
    try:
        next(_Matcher(text).ends(tree, 0), None)
    except (_TooLong, RecursionError):
        return True
    return False


class _Matcher:
    """Finds where a match that begins at a place may end, in the order in which browsers try; counts its steps."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._steps = 0

    def ends(self, node: Node, at: int) -> Iterator[int]:
        """Each end of a match of `node` from `at`; _TooLong after STEPS."""
        self._steps += 1
        if self._steps > STEPS:
            raise _TooLong
        match node:
            case Chars():
                if at < len(self._text) and _holds(node, self._text[at]):
                    yield at + 1
            case Edge(kind):
                if self._is_at(kind, at):
                    yield at
            case BackReference():  # as if it had matched nothing: what is before it decides
                yield at
            case Group(_, body):
                yield from self.ends(body, at)
            case Look(behind, negative, body):
                if behind or (next(self.ends(body, at), None) is None) == negative:
                    yield at
            case Repeat():
                yield from self._repeated(node, 0, at)
            case Sequence(items):
                yield from self._in_order(items, at)
            case Choice(options):
                for option in options:
                    yield from self.ends(option, at)

    def _repeated(self, node: Repeat, count: int, at: int) -> Iterator[int]:
        if node.most is None or count < node.most:
            for end in self.ends(node.body, at):
                if end > at or count < node.least:
                    yield from self._repeated(node, count + 1, end)
        if count >= node.least:
            yield at

    def _in_order(self, items: tuple[Node, ...], at: int) -> Iterator[int]:
        if not items:
            yield at
            return
        for end in self.ends(items[0], at):
            yield from self._in_order(items[1:], end)

    def _is_at(self, kind: str, at: int) -> bool:
        if kind == "^":
            return at == 0
        if kind == "$":
            return at == len(self._text)
        inside = [self._text[n : n + 1].isalnum() for n in (at - 1, at) if n >= 0]
        return (inside[0] != inside[-1]) == (kind == "b")


def _holds(node: Chars, char: str) -> bool:
    listed = any(low <= ord(char) <= high for low, high in node.ranges)
    named = any(char.isalnum() != negated for negated, _ in node.properties)  # near enough to try it
    return (listed or named) != node.inverted
