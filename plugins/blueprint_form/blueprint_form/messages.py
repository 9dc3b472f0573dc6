"""What a worker is told about an answer; `static/form_rules.js` says the same words."""

from __future__ import annotations

import math
from decimal import Decimal

REQUIRED = "This field is required."
NOT_TEXT = "This must be text."
BAD_TEXT = "This text has characters that cannot be stored."
PATTERN = "This does not have the expected form."
TOO_SLOW = "This answer could not be checked in time; please shorten it."
EMAIL = "Enter an email address, like name@example.org."
NUMBER = "Enter a number."
DATE = "Enter a date, like 2024-12-31."
OPTION = "Choose one of the options."
OPTIONS = "Choose only from the options."
RANKING = "Rank every option once."
FILE = "Upload this file again."
HIDDEN = "Other answers hide this field; it must be left out."
UNKNOWN = "This field is not part of the form."
NOT_OBJECT = "The answer must be an object of fields."


def too_short(limit: int, length: int) -> str:
    """For minLength of texts."""
    return f"Use at least {_count(limit, 'character')} (now {length})."


def too_long(limit: int, length: int) -> str:
    """For maxLength of texts."""
    return f"Use at most {_count(limit, 'character')} (now {length})."


def too_few(limit: int) -> str:
    """For minLength of selections."""
    return f"Choose at least {_count(limit, 'option')}."


def too_many(limit: int) -> str:
    """For maxLength of selections."""
    return f"Choose at most {_count(limit, 'option')}."


def too_small(limit: float | str) -> str:
    """For min: a number or an ISO date."""
    return f"Must be {_bound(limit)} or later." if isinstance(limit, str) else f"Must be {_bound(limit)} or more."


def too_large(limit: float | str) -> str:
    """For max: a number or an ISO date."""
    return f"Must be {_bound(limit)} or earlier." if isinstance(limit, str) else f"Must be {_bound(limit)} or less."


def off_step(step: float, base: float) -> str:
    """For step."""
    return "Enter a whole number." if step == 1 and base == math.floor(base) else (
        f"Must be {number_text(base)} plus a multiple of {number_text(step)}." if base else
        f"Must be a multiple of {number_text(step)}."
    )  # fmt: skip


def wrong_extension(extensions: list[str]) -> str:
    """For fileExtension."""
    return f"Choose a file of type {', '.join(extensions)}."


def too_big(limit: int) -> str:
    """For maxFileSize, in bytes."""
    for size, unit in ((1024 * 1024, "MB"), (1024, "KB")):
        if limit % size == 0:
            return f"Choose a file of at most {limit // size} {unit}."
    return f"Choose a file of at most {_count(limit, 'byte')}."


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _bound(limit: float | str) -> str:
    return limit if isinstance(limit, str) else number_text(limit)


def number_text(value: float) -> str:
    """`value` as JavaScript's String(value) writes it."""
    value = float(value)
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    _, digits, exponent = Decimal(repr(abs(value))).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)
    if len(text) <= point <= 21:
        return sign + text + "0" * (point - len(text))
    if 0 < point <= 21:
        return f"{sign}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{text}"
    mantissa = text if len(text) == 1 else f"{text[0]}.{text[1:]}"
    return f"{sign}{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"
