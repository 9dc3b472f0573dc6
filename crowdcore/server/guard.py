"""The HTTP protocol with limits on what comes before an application is asked.

uvicorn bounds neither the time nor the size of a request's head: one client could hold thousands of
connections half open, or fill the memory with one endless header.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 30.0
HEAD_BYTES = 64 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose request head takes over 30 s or 64 kB."""

    _head_since: float | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection must bring a request."""
        super().connection_made(transport)
        self._head_since = self.loop.time()
        self.loop.call_later(HEAD_SECONDS, self._check)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head."""
        if self._head_since is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_since is not None and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A new head begins."""
        super().on_message_begin()
        if self._head_since is None:
            self._head_since, self._head_bytes = self.loop.time(), 0

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_since = None
        super().on_headers_complete()

    def _check(self) -> None:
        if self.parser is None or self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        since, now = self._head_since, self.loop.time()
        if since is not None and now - since >= HEAD_SECONDS:
            self.transport.close()
            return
        due = HEAD_SECONDS if since is None else HEAD_SECONDS - (now - since)
        self.loop.call_later(due, self._check)


def lazy_websockets(**arguments: Any) -> asyncio.Protocol:
    """Make the WebSocket protocol when the first socket is opened: its import costs 50 ms."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    return WebSocketsSansIOProtocol(**arguments)
