"""JSON from strangers: only what can be stored and shown again gets in."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from crowdcore.errors import RequestError

MAX_DEPTH = 64
_TOO_DEEP = f"The JSON is nested deeper than {MAX_DEPTH} levels."


def parse_json(body: bytes) -> Any:
    """`body` as JSON that has a canonical text; RequestError 422 if it has none.

    Refused: bad UTF-8, bad JSON, NaN and infinities (1e999 too), NUL and lone surrogates in any text,
    more than MAX_DEPTH levels.
    """
    try:
        text = body.decode("utf-8")
        value = _decode(text)
    except UnicodeDecodeError:
        raise _invalid("The body is not UTF-8.") from None
    except RecursionError:
        raise _invalid(_TOO_DEEP) from None
    except ValueError as error:
        raise _invalid(f"The body is not valid JSON: {error}.") from None
    if _suspicious(text):
        _check(value)
    return value


def _suspicious(text: str) -> bool:
    """Whether a walk through the value is needed at all (most bodies: no)."""
    if text.count("[") + text.count("{") > MAX_DEPTH:
        return True
    return "\\u" in text and any(mark in text for mark in ("\\u0000", "\\ud", "\\uD"))


def _check(root: Any) -> None:
    todo = [(root, 1)]
    while todo:
        value, depth = todo.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise _invalid(_TOO_DEEP)
            if isinstance(value, dict):
                for key in value:
                    _check_text(key)
                todo.extend((inner, depth + 1) for inner in value.values())
            else:
                todo.extend((inner, depth + 1) for inner in value)


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
