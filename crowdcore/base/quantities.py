"""Durations, byte sizes and money as people write them, and back.

`parse_*` raises ValueError with a message that starts with "expected"; `format_*` writes a text that
parses to the very same value.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Annotated, Final

Duration = Annotated[float, "duration"]
"""Seconds, written `90s`, `30m`, `2h`, `7d`, `1h30m`, or a bare number of seconds."""

ByteSize = Annotated[int, "bytes"]
"""Bytes, written `10MB` (millions), `10MiB` (2**20), or a bare number of bytes."""

Price = Annotated[Decimal, "price"]
"""A price of something small, such as a million tokens: unlike money, it may be a fraction of a cent."""

MICROS: Final = Decimal(1_000_000)
"""Millionths in one unit of a currency: what the database counts in."""

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
_MONEY: Final = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{1,12})?(?:[eE][+-]?[0-9]{1,2})?")
_PLACES: Final = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3,
    "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip
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


def parse_money(text: str, currency: str | None = None) -> Decimal:
    """A decimal amount from its text, never through a binary float; ValueError otherwise.

    With `currency` it is whole in that currency's smallest unit: see `whole_money`.
    """
    written = text.strip()
    if not _MONEY.fullmatch(written):
        raise ValueError(f"expected {MONEY_HINT}")
    amount = Decimal(written)
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -12 or amount.adjusted() > 12:
        raise ValueError(f"expected {MONEY_HINT}")
    amount = Decimal(f"{amount:f}")
    return amount if currency is None else whole_money(amount, currency)


def places_of(currency: str) -> int:
    """Decimal places of a currency's amounts (ISO 4217): JPY 0, USD 2, KWD 3; 2 for all others."""
    return _PLACES.get(currency.strip().upper(), 2)


def whole_money(amount: Decimal, currency: str) -> Decimal:
    """The amount itself; ValueError if it is no whole number of the currency's smallest units (cents)."""
    places = places_of(currency)
    if amount.is_finite() and amount.adjusted() <= 12 and amount == round(amount, places):
        return amount
    told = f"with at most {places} decimal places" if places else "without decimal places"
    raise ValueError(f"expected an amount of {currency} {told}")


def micros_of(amount: Decimal, currency: str) -> int:
    """The amount in millionths; ValueError as of `whole_money`."""
    return int(whole_money(amount, currency) * MICROS)


def format_money(amount: Decimal, currency: str | None = None) -> str:
    """The amount without an exponent, `0.30`; with `currency` with all of its places, `0.3` → `0.30`."""
    if currency is None or amount != round(amount, places_of(currency)):
        return f"{amount:f}"
    return f"{amount:.{places_of(currency)}f}"


def finite(number: float) -> float:
    """The number itself, or ValueError for NaN and infinities, which JSON cannot say."""
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number
