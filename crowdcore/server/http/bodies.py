"""Reading what a client sends: sizes, time between bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from crowdcore.errors import RequestError
from crowdcore.server.http.limits import Limits
from crowdcore.server.http.problems import ClientGone, too_large
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


async def read_body(scope: Scope, receive: Receive, limits: Limits, limit: int | None = None) -> bytes:
    """The whole body, at most `limit` bytes (default `limits.json_body`)."""
    most = limits.json_body if limit is None else limit
    pieces = [piece async for piece in chunks(scope, receive, limits, most, "What was sent")]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def check_json(scope: Scope) -> None:
    """RequestError 415 unless the body is JSON by its type."""
    kind = media_type(scope)
    if kind != "application/json" and not kind.endswith("+json"):
        raise RequestError(415, "unsupported_media_type", "Send JSON, as application/json.")


def media_type(scope: Scope) -> str:
    """The request's content type without its parameters, lower case; "" if there is none."""
    value = header(scope, b"content-type")
    return "" if value is None else value.split(b";", 1)[0].strip().lower().decode("latin-1")
