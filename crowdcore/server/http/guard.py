"""The HTTP protocol with limits on what comes before, beside and after what an application is asked.

uvicorn bounds neither the time nor the size of a request's head, nor how many connections there are, nor how long
somebody may take to read an answer: one client could hold thousands of connections, or fill the memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from crowdcore.server.http.doors import Doors
from crowdcore.server.http.headers import STRICT, policy, security_headers

HEAD_SECONDS = 30.0
HEAD_BYTES = 64 * 1024
"""Of the address and the headers, each of which counts 32 bytes more; as many of what may stand around chunks."""
REST_SECONDS = 120.0
"""For the rest of a body whose request is answered already: whoever is refused in the middle can read why."""
READ_SECONDS = 60.0
"""For a reader to take the next 48 kB of an answer."""
MOST_PIPELINED = 16

SECURITY = security_headers(policy(STRICT))
_HEADERS = (*SECURITY, (b"connection", b"close"), (b"content-length", b"0"))


def refusal(status: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """An answer without a body, the last one of its connection."""
    lines = [b"HTTP/1.1 " + status, *(b": ".join(header) for header in (*_HEADERS, *more)), b"", b""]
    return b"\r\n".join(lines)


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection that is over one of the limits above, or for which `doors` has no place."""

    _head_since: float | None = None
    _rest_since: float | None = None
    _head_bytes = 0
    _quiet = 0  # bytes since something of the request was complete
    _moved = False
    _whole = True  # the request has come to its end
    _reading: asyncio.TimerHandle | None = None

    def __init__(self, *, doors: Doors, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._doors = doors
        self._inside = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place and start the clock: a connection must bring a request."""
        super().connection_made(transport)
        self._inside = self._doors.enter(self.client)
        if not self._inside:
            self._answer(b"503 Service Unavailable", (b"retry-after", b"5"))
            return
        self._head_since = self.loop.time()
        self.loop.call_later(HEAD_SECONDS, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        super().connection_lost(exc)
        self.resume_writing()
        if self._inside:
            self._doors.leave(self.client)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of what is neither complete nor body."""
        if not self._inside or self.transport.is_closing():
            return
        self._moved = False
        super().data_received(data)
        self._quiet = 0 if self._moved else self._quiet + len(data)
        if self._quiet > HEAD_BYTES and self.transport.get_protocol() is self and not self.transport.is_closing():
            self._answer(b"431 Request Header Fields Too Large")

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or not within the limits."""
        too_large = self._head_bytes > HEAD_BYTES
        self._answer(b"431 Request Header Fields Too Large" if too_large else b"400 Bad Request")

    def on_message_begin(self) -> None:
        """A new head begins."""
        super().on_message_begin()
        self._head_bytes, self._whole = 0, False
        if self._head_since is None:
            self._head_since = self.loop.time()

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, and those that follow a body."""
        self._count(32 + len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_since, self._moved = None, True
        super().on_headers_complete()
        if len(self.pipeline) > MOST_PIPELINED:
            raise ValueError("too many requests that nobody waited for")

    def on_body(self, body: bytes) -> None:
        """Some of the body."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._moved = self._whole = True
        self._rest_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the clock for what is still to come."""
        super().on_response_complete()
        if not self._whole:
            self._rest_since = self.loop.time()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; the place goes with it."""
        if self.url.isascii():
            super().handle_websocket_upgrade()
        else:  # the other protocol would fail in the middle of it
            self.send_400_response("")

    def pause_writing(self) -> None:
        """The reader is slow: give it some time."""
        super().pause_writing()
        if self._reading is None:
            self._reading = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader went on."""
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            raise ValueError("the head is too large")

    def _answer(self, status: bytes, *more: tuple[bytes, bytes]) -> None:
        self.transport.write(refusal(status, *more))
        self.transport.close()

    def _check(self) -> None:
        if self.parser is None or self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        now = self.loop.time()
        dues = [HEAD_SECONDS if self._head_since is None else self._head_since + HEAD_SECONDS - now]
        if self._rest_since is not None:
            dues.append(self._rest_since + REST_SECONDS - now)
        if min(dues) <= 0:
            self.transport.close()
            return
        self.loop.call_later(min(dues), self._check)
