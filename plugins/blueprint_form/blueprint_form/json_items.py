"""Items of a JSON text one after the other, each with the text of its form: a file is never held as values at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

_KEY = re.compile(r'\s*"([^"\\]*)"\s*:\s*')
_SPACE = re.compile(r"\s*")
_END = re.compile(r"\s*([,}])")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def parse(text: str) -> Any:
    """The value of a whole JSON text. Raises ValueError (json.JSONDecodeError with the place) or RecursionError."""
    return json.loads(text, parse_constant=_no_constant)


def member(text: str) -> tuple[Any, str | None] | None:
    """The object that is all of the text, with the text of its member `form`; None if it is no plain object."""
    try:
        found = _members(text, _space(text, 0))
    except (ValueError, RecursionError):
        return None
    return None if found is None or text[found[2] :].strip() else found[:2]


def is_list(text: str) -> bool:
    """Whether the text is that of a list, if it is JSON at all."""
    return text.startswith("[", _space(text, 0))


def entries(text: str) -> Iterator[tuple[Any, str | None]]:
    """Each entry of a JSON list, with the text of its member `form` if it is an object that has one. Raises as `parse`,
    when it comes to the fault."""
    at = _space(text, _space(text, 0) + 1)
    if text.startswith("]", at):
        return _finish(text, at)
    while True:
        value, form, at = entry(text, at)
        yield value, form
        at = _space(text, at)
        if text.startswith("]", at):
            return _finish(text, at)
        if not text.startswith(",", at):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _space(text, at + 1)


def entry(text: str, at: int = 0) -> tuple[Any, str | None, int]:
    """The JSON value that begins there, the text of its member `form` (None if it has none), and where it ends."""
    found = _members(text, at)
    if found is not None:
        return found
    value, end = _decoder.raw_decode(text, at)
    return value, None, end


def _members(text: str, at: int) -> tuple[dict[str, Any], str | None, int] | None:
    """As `entry`, of an object whose members can be told apart without doubt; else None."""
    if not text.startswith("{", at):
        return None
    members: dict[str, Any] = {}
    form, sign = None, ","
    at += 1
    while sign == ",":
        key = _KEY.match(text, at)
        if key is None or key[1] in members:
            return None
        members[key[1]], end = _decoder.raw_decode(text, key.end())
        if key[1] == "form":
            form = text[key.end() : end]
        after = _END.match(text, end)
        if after is None:
            return None
        sign, at = after[1], after.end()
    return members, form, at


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _finish(text: str, at: int) -> None:
    at = _space(text, at + 1)
    if at < len(text):
        raise json.JSONDecodeError("Extra data", text, at)
