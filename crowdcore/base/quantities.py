"""Durations, byte sizes and money as people write them, and back.

`parse_*` raises ValueError with a message that starts with "expected"; `format_*` writes a text that
parses to the very same value.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

Duration = Annotated[float, "duration"]
"""Seconds, written `90s`, `30m`, `2h`, `7d`, `1h30m`, or a bare number of seconds."""

ByteSize = Annotated[int, "bytes"]
"""Bytes, written `10MB` (millions), `10MiB` (2**20), or a bare number of bytes."""

_SECONDS: Final = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
_BYTES: Final = {
    "TiB": 2**40, "TB": 10**12, "GiB": 2**30, "GB": 10**9, "MiB": 2**20, "MB": 10**6, "KiB": 2**10, "kB": 10**3,
    "B": 1,
}  # fmt: skip
_BYTES_FOLDED: Final = {name.lower(): size for name, size in _BYTES.items()} | {
    "t": 10**12, "g": 10**9, "m": 10**6, "k": 10**3, "": 1
}  # fmt: skip
_NUMBER: Final = r"[0-9]{1,19}(?:\.[0-9]{1,15})?"
_DURATION: Final = re.compile(rf"(?:{_NUMBER}\s*(?:ms|[wdhms])\s*)+|{_NUMBER}")
_DURATION_PART: Final = re.compile(rf"({_NUMBER})\s*(ms|[wdhms])")
_SIZE: Final = re.compile(rf"({_NUMBER})\s*([a-zA-Z]*)")
_CENTURY: Final = 36525 * 86400

DURATION_HINT: Final = "a duration such as 90s, 30m, 2h, 7d or 1h30m"
SIZE_HINT: Final = "a size such as 500kB, 10MB or 1GiB"
MONEY_HINT: Final = "an amount of money such as 0.30"


def parse_duration(text: str) -> float:
    """Seconds from `90s`, `1h30m`, `250ms` or a bare number; at most 100 years; ValueError otherwise."""
    text = text.strip()
    if not _DURATION.fullmatch(text):
        raise ValueError(f"expected {DURATION_HINT}")
    parts = _DURATION_PART.findall(text)
    units = [unit for _, unit in parts]
    if len(set(units)) != len(units):
        raise ValueError(f"expected {DURATION_HINT}, each unit at most once")
    seconds = sum(Decimal(number) * Decimal(str(_SECONDS[unit])) for number, unit in parts) if parts else Decimal(text)
    if seconds > _CENTURY:
        raise ValueError("expected a duration of at most 100 years")
    return float(seconds)


def format_duration(seconds: float) -> str:
    """`5400.0` → `1h30m`; the text parses back to the same float."""
    if seconds != int(seconds):
        return f"{Decimal(repr(seconds)):f}s"
    rest, parts = int(seconds), []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, int(_SECONDS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_size(text: str) -> int:
    """Bytes from `10MB`, `1.5GiB`, `200` (units in any case); ValueError otherwise."""
    match = _SIZE.fullmatch(text.strip())
    factor = _BYTES_FOLDED.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"expected {SIZE_HINT}")
    size = Decimal(match[1]) * factor
    if size != int(size):
        raise ValueError("expected a whole number of bytes")
    return int(size)


def format_size(size: int) -> str:
    """`10_000_000` → `10MB`; the text parses back to the same number."""
    for unit, factor in _BYTES.items():
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def parse_money(text: str) -> Decimal:
    """A finite decimal amount from its text, never through a binary float; ValueError otherwise."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"expected {MONEY_HINT}") from None
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -12 or amount.adjusted() > 12:
        raise ValueError(f"expected {MONEY_HINT}")
    return Decimal(f"{amount:f}")


def format_money(amount: Decimal) -> str:
    """The amount without an exponent: `Decimal("0.30")` → `0.30`."""
    return f"{amount:f}"


def finite(number: float) -> float:
    """The number itself, or ValueError for NaN and infinities, which JSON cannot say."""
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number
