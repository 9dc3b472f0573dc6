"""The smallest answer: status, bytes, headers. Hot calls use it instead of a framework's response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from crowdcore.state import json_text

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON: Header = (b"content-type", b"application/json")
HTML: Header = (b"content-type", b"text/html; charset=utf-8")
NO_STORE: Header = (b"cache-control", b"no-store")
REVALIDATE: Header = (b"cache-control", b"no-cache")


class Reply:
    """An ASGI application that sends one answer."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes = b"", *headers: Header) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers: list[Header] = list(self.headers)
        if self.status != 204 and self.status != 304:
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if scope.get("method") == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body, "more_body": False})


def json_reply(status: int, value: Any, *headers: Header) -> Reply:
    """`value` as JSON, not to be cached."""
    return text_reply(status, json_text(value), *headers)


def text_reply(status: int, text: str, *headers: Header) -> Reply:
    """What is JSON text already, not to be cached."""
    return Reply(status, text.encode(), JSON, NO_STORE, *headers)


def html_reply(status: int, text: str, *headers: Header) -> Reply:
    """An HTML page, not to be cached."""
    return Reply(status, text.encode(), HTML, NO_STORE, *headers)


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header called `name` (lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None
