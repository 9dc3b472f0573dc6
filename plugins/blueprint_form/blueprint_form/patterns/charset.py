"""Sets of characters as sorted ranges, and JavaScript's idea of which characters are the same letter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache

Ranges = tuple[tuple[int, int], ...]
"""Sorted, disjoint, inclusive ranges of code points (with flag u) or UTF-16 code units (without)."""

DIGIT: Ranges = ((0x30, 0x39),)
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Ranges = (
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
LINE_END: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
LAST_CASED = 0x1E943
"""No character above this one has another case."""


def top(unicode: bool) -> int:
    """The largest character: a code point with flag u, a code unit without."""
    return 0x10FFFF if unicode else 0xFFFF


def union(parts: Iterable[tuple[int, int]]) -> Ranges:
    """The sorted, merged form of any ranges."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(parts):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges, last: int) -> Ranges:
    """Every character up to `last` that is not in `ranges`."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= last:
        gaps.append((start, last))
    return tuple(gaps)


def word(unicode: bool, ignore_case: bool) -> Ranges:
    r"""What \w means: with flags i and u together also the long s and the Kelvin sign."""
    extra = ((0x17F, 0x17F), (0x212A, 0x212A)) if unicode and ignore_case else ()
    return union((*WORD, *extra))


def fold(ranges: Ranges, unicode: bool) -> Ranges:
    """`ranges` and every character that flag i takes for one of them."""
    same = _same_letter(unicode)
    extra = [
        (other, other)
        for low, high in ranges
        for char in (range(low, high + 1) if high - low < len(same) else _inside(same, low, high))
        for other in same.get(char, ())
    ]
    return union((*ranges, *extra))


def _inside(same: dict[int, tuple[int, ...]], low: int, high: int) -> list[int]:
    return [char for char in same if low <= char <= high]


@cache
def _same_letter(unicode: bool) -> dict[int, tuple[int, ...]]:
    """Each cased character with all that count as the same letter (built once, when flag i is used)."""
    canonical = _canonical_unicode if unicode else _canonical_legacy
    codes = map(chr, range(min(top(unicode), LAST_CASED) + 1))
    # most characters have no case; asking that first makes the table in 10 ms instead of 60
    cased = [char for char in codes if char.upper() != char or (unicode and char.casefold() != char)]
    groups: dict[str, set[str]] = defaultdict(set)
    for char in cased:
        if canonical(char) != char:
            groups[canonical(char)] |= {char, canonical(char)}
    return {ord(char): tuple(sorted(map(ord, group))) for group in groups.values() for char in group}


def _canonical_legacy(char: str) -> str:
    """ECMA-262's Canonicalize without flag u: simple upper case, never from beyond ASCII into it."""
    upper = char.upper()
    return char if len(upper) != 1 or (char >= "\x80" and upper < "\x80") else upper


def _canonical_unicode(char: str) -> str:
    """ECMA-262's Canonicalize with flag u: simple case folding."""
    folded = char.casefold()
    if len(folded) != 1:
        folded = char.lower()  # where the full folding is longer, the simple one is lower case
    return folded if len(folded) == 1 else char


def to_units(text: str) -> str:
    """`text` with each character beyond U+FFFF as its two UTF-16 units, as patterns without u see it."""
    if not text or max(text) <= "\uffff":
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(map(chr, memoryview(raw).cast("H")))
