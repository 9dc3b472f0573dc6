"""JSON from strangers: only what can be stored and shown again gets in."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from crowdcore.errors import RequestError

MAX_DEPTH = 64
MAX_VALUES = 125_000
"""Of one text: the parser holds every thread of the process while it makes them (30 to 50 ms for so many)."""
_TOO_DEEP = f"The JSON is nested deeper than {MAX_DEPTH} levels."
_PIECE = 256 * 1024


def parse_json(body: bytes, most: int = MAX_VALUES) -> Any:
    """`body` as JSON that has a canonical text; RequestError 422 if it has none, 413 if it has more than `most` values.

    Refused: bad UTF-8, bad JSON, NaN and infinities (1e999 too), NUL and lone surrogates in any text,
    more than MAX_DEPTH levels.
    """
    count_values(body, most)
    try:
        text = body.decode("utf-8")
        value = _decode(text)
    except UnicodeDecodeError:
        raise _invalid("The body is not UTF-8.") from None
    except RecursionError:
        raise _invalid(_TOO_DEEP) from None
    except ValueError as error:
        raise _invalid(f"The body is not valid JSON: {error}.") from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    if "\\u" in text and any(mark in text for mark in ("\\u0000", "\\ud", "\\uD")):
        _check_texts(value)
    return value


def count_values(body: bytes, most: int = MAX_VALUES) -> int:
    """How many values `body` has at most, before it is parsed; RequestError 413 if there may be more than `most`."""
    count = _marks(body)
    if count >= most:  # commas and brackets of texts count for nothing
        count = _count_outside_texts(body, most)
    if count >= most:
        raise RequestError(413, "too_large", f"What was sent has more than {most:,} values.", limit=most)
    return count + 1


def _marks(text: bytes) -> int:
    """How many values there are but for the first: each comes after one of these."""
    opened = text.count(b"[") + text.count(b"{") - text.count(b"[]") - text.count(b"{}")
    return text.count(b",") + opened


def _count_outside_texts(body: bytes, most: int) -> int:
    """The marks of `body` that stand in no text, in pieces: no single step takes long. Stops soon after `most`."""
    count, inside, rest = 0, False, b""
    for at in range(0, len(body), _PIECE):
        piece = rest + body[at : at + _PIECE]
        odd = (len(piece) - len(piece.rstrip(b"\\"))) % 2
        piece, rest = (piece[:-1], b"\\") if odd else (piece, b"")  # what it escapes comes with the next piece
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        count += _marks(b'"'.join(parts[inside::2]))
        inside ^= len(parts) % 2 == 0
        if count >= most:
            break
    return count


def _check_depth(root: Any) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise _invalid(_TOO_DEEP)


def _check_texts(root: Any) -> None:
    todo = [root]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict):
            for key in value:
                _check_text(key)
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _invalid("Texts must not contain the character NUL.")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise _invalid("A text contains half of a surrogate pair.") from None


def _invalid(detail: str) -> RequestError:
    return RequestError(422, "invalid", detail)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


_decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite).decode
