"""How the value of a field is read: numbers, dates, choices; the same in `static/form_rules.js`."""

from __future__ import annotations

import math
import re
from typing import Any

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SPACES = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_BLANK = re.compile(f"[{_SPACES}]*")
_EMAIL = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LONGEST_NUMBER = 100


def as_number(value: Any) -> float | None:
    """A finite JSON number, or a string in JSON-like number grammar (at most 100 characters); else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if len(value) > LONGEST_NUMBER or not _NUMBER.fullmatch(value):
            return None
    elif not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def is_date(text: str) -> bool:
    """Whether `text` is a day of the calendar, written yyyy-mm-dd, year 1 to 9999."""
    found = _DATE.fullmatch(text)
    if not found:
        return False
    year, month, day = (int(part) for part in found.groups())
    if year == 0 or not 1 <= month <= 12:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _DAYS[month - 1] + leap


def is_email(text: str) -> bool:
    """Whether `text` is an address as browsers' email fields accept it."""
    return _EMAIL.fullmatch(text) is not None


def is_blank(text: str) -> bool:
    """Whether `text` holds nothing but white space (JavaScript's)."""
    return _BLANK.fullmatch(text) is not None


def is_storable(text: str) -> bool:
    """Whether `text` is free of NUL and lone surrogates."""
    return _UNSTORABLE.search(text) is None


def text_of(value: Any) -> str:
    """`value` if it is text, else the empty text."""
    return value if isinstance(value, str) else ""


def as_list(value: Any) -> list[str]:
    """The chosen options of a checkbox group ({option: bool}) or a list of options."""
    if isinstance(value, dict):
        return [option for option, chosen in value.items() if chosen is True]
    return value if isinstance(value, list) else []


def is_filled(value: Any) -> bool:
    """Whether a rule's `filled` takes `value` for an answer."""
    if isinstance(value, str):
        return not is_blank(value)
    if isinstance(value, dict | list):
        return bool(as_list(value))
    return as_number(value) is not None


def ascii_lower(text: str) -> str:
    """`text` with A-Z in lower case and nothing else changed."""
    return text.translate({code: code + 32 for code in range(0x41, 0x5B)})
