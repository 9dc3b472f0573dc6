"""Reading what a client sends: sizes, time between bytes, and JSON that can be stored and shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from crowdcore.errors import RequestError
from crowdcore.server.context import Limits
from crowdcore.server.problems import ClientGone, invalid, too_large
from crowdcore.server.reply import Receive, Scope, header

MAX_DEPTH = 64
_TOO_DEEP = f"The JSON is nested deeper than {MAX_DEPTH} levels."


async def chunks(scope: Scope, receive: Receive, limits: Limits, limit: int, what: str) -> AsyncIterator[bytes]:
    """The body piece by piece.

    RequestError 413 before the first piece if the announced length is over `limit` bytes, or as soon as what came is;
    408 after `limits.idle` seconds without a byte, or when it comes slower than `limits.slowest` bytes per second
    (after as long); ClientGone when the connection closed.
    """
    announced = header(scope, b"content-length")
    if announced is not None and int(announced) > limit:
        raise too_large(limit, what)
    encoding = header(scope, b"content-encoding")
    if encoding not in (None, b"", b"identity"):
        raise RequestError(415, "unsupported_media_type", "Compressed bodies are not accepted.")
    total, more = 0, True
    now = asyncio.get_running_loop().time
    due = now() + limits.idle
    while more:
        patience = min(limits.idle, due + total / limits.slowest - now())
        try:
            async with asyncio.timeout(patience):
                message = await receive()
        except TimeoutError:
            raise RequestError(408, "timeout", "The rest of the request did not arrive in time.") from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        body = message.get("body", b"")
        total += len(body)
        if total > limit:
            raise too_large(limit, what)
        more = message.get("more_body", False)
        if body:
            yield body


async def read_body(scope: Scope, receive: Receive, limits: Limits) -> bytes:
    """The whole body, at most `limits.json_body` bytes."""
    pieces = [piece async for piece in chunks(scope, receive, limits, limits.json_body, "What was sent")]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def read_json(scope: Scope, receive: Receive, limits: Limits) -> Any:
    """The body as a JSON value. RequestError 413, 415 (not JSON by its type) or 422 `invalid`."""
    kind = media_type(scope)
    if kind != "application/json" and not kind.endswith("+json"):
        raise RequestError(415, "unsupported_media_type", "Send JSON, as application/json.")
    return parse_json(await read_body(scope, receive, limits))


async def read_object(scope: Scope, receive: Receive, limits: Limits) -> dict[str, Any]:
    """The body as a JSON object; everything else is `invalid`."""
    value = await read_json(scope, receive, limits)
    if not isinstance(value, dict):
        raise invalid("The body must be a JSON object.")
    return value


def media_type(scope: Scope) -> str:
    """The request's content type without its parameters, lower case; "" if there is none."""
    value = header(scope, b"content-type")
    return "" if value is None else value.split(b";", 1)[0].strip().lower().decode("latin-1")


def parse_json(body: bytes) -> Any:
    """`body` as JSON that has a canonical text; RequestError 422 if it has none.

    Refused: bad UTF-8, bad JSON, NaN and infinities (1e999 too), NUL and lone surrogates in any text,
    more than MAX_DEPTH levels.
    """
    try:
        text = body.decode("utf-8")
        value = _decode(text)
    except UnicodeDecodeError:
        raise invalid("The body is not UTF-8.") from None
    except RecursionError:
        raise invalid(_TOO_DEEP) from None
    except ValueError as error:
        raise invalid(f"The body is not valid JSON: {error}.") from None
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
                raise invalid(_TOO_DEEP)
            if isinstance(value, dict):
                for key in value:
                    _check_text(key)
                todo.extend((inner, depth + 1) for inner in value.values())
            else:
                todo.extend((inner, depth + 1) for inner in value)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise invalid("Texts must not contain the character NUL.")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise invalid("A text contains half of a surrogate pair.") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


_decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite).decode
