"""Reading what a client sends: sizes, time between bytes, JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from crowdcore.base.hostile_json import parse_json
from crowdcore.errors import RequestError
from crowdcore.server.http.limits import Limits
from crowdcore.server.http.problems import ClientGone, invalid, too_large
from crowdcore.server.http.reply import Receive, Scope, header


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
