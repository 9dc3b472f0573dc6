"""Where a task is open because nobody but this machine can reach it: nobody is let in by a way from elsewhere."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ENTRY = "/api/v1/agents"
"""Where everybody enters; all other calls need the token that is given there."""
_PASSED_ON = {
    "forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-original-host",
    "x-original-forwarded-for", "true-client-ip", "cf-connecting-ip", "cf-ray", "fly-client-ip", "fastly-client-ip",
    "tailscale-user-login",
}  # fmt: skip
_REFUSED = "This task is not open at this address. The people who run it have been told."
_MOST_TOLD = 20


class OnlyHere:
    """`app`, but whoever comes through a proxy or a tunnel does not enter; `tell` hears each such way once."""

    def __init__(self, app: App, tell: Callable[[str], None]) -> None:
        self._app = app
        self._tell = tell
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        way = way_from_elsewhere(scope) if scope["type"] == "http" and scope["path"].rstrip("/") == ENTRY else None
        if way is None:
            await self._app(scope, receive, send)
            return
        if way not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(way)
            self._tell(way)
        problem = {"type": "about:blank", "title": "Forbidden", "status": 403, "code": "refused", "detail": _REFUSED}
        body = json.dumps(problem).encode()
        headers = [
            (b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"), (b"content-security-policy", b"default-src 'none'"),
            (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), (b"connection", b"close"),
        ]  # fmt: skip
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def way_from_elsewhere(scope: Scope) -> str | None:
    """What shows that a request does not come from a browser on this machine, in words; None if nothing does."""
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    for name, _ in headers:
        if name in _PASSED_ON or name.startswith("x-forwarded"):
            return f"header {name}"
    hosts = [value for name, value in headers if name == "host"]
    if not hosts or scope.get("http_version") == "1.0":  # as proxies speak that rewrite the host, browsers do not
        return "HTTP/1.0"
    for host in hosts:
        if not _is_here(f"//{host}"):
            return f"host {host[:100]!r}"
    for name, value in headers:
        if name == "origin" and value != "null" and not _is_here(value):
            return f"origin {value[:100]!r}"
    return None


def _is_here(address: str) -> bool:
    """Whether the host of an address can only be this machine."""
    try:
        name = (urlsplit(address).hostname or "").rstrip(".")
        return name == "localhost" or name.endswith(".localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
