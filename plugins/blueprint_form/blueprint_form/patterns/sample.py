"""Text that is likely to match a pattern, for simulated workers."""

from __future__ import annotations

from random import Random

from blueprint_form.patterns.nodes import BackReference, Chars, Choice, Edge, Group, Look, Node, Repeat, Sequence

_READABLE = ((0x61, 0x7A), (0x30, 0x39), (0x41, 0x5A), (0x20, 0x7E))


def sample(node: Node, random: Random, groups: dict[int, str] | None = None) -> str:
    """One text made along `node`; lookarounds and places are not honoured, so test it before use."""
    seen: dict[int, str] = {} if groups is None else groups
    match node:
        case Chars():
            return _char(node, random)
        case Edge() | Look():
            return ""
        case BackReference(index):
            return seen.get(index, "")
        case Group(index, body):
            text = sample(body, random, seen)
            if index is not None:
                seen[index] = text
            return text
        case Repeat(body, least, most, _):
            count = random.randint(least, min(least + 8, most if most is not None else least + 8))
            return "".join(sample(body, random, seen) for _ in range(count))
        case Sequence(items):
            return "".join(sample(item, random, seen) for item in items)
        case Choice(options):
            return sample(random.choice(options), random, seen)


def _char(node: Chars, random: Random) -> str:
    if node.properties:
        return random.choice("abcxyzABC0129.,;")  # the caller tests the whole text
    readable = [
        (max(low, first), min(high, last))
        for first, last in _READABLE
        for low, high in node.ranges
        if max(low, first) <= min(high, last)
    ]
    if not readable and not node.ranges:
        return ""
    low, high = random.choice(readable or list(node.ranges))
    return chr(random.randint(low, high))
