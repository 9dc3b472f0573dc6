"""The WebSocket protocol with limits on frames and on readers. Imported with the first socket: it costs 50 ms."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request, Response

from crowdcore.server import guard
from crowdcore.server.doors import Doors

MOST_FRAGMENTS = 1024
"""Frames that one message may come in."""
MOST_UNREAD = 1024 * 1024
"""Bytes that wait for a client which asks (with pings) and never reads."""


class GuardedSocket(WebSocketsSansIOProtocol):
    """Closes a connection that is over one of the limits; every answer to a handshake has the security headers."""

    def __init__(self, *, doors: Doors, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._doors = doors
        self._reading: asyncio.TimerHandle | None = None
        accept, reject = self.conn.accept, self.conn.reject

        def accepted(request: Request) -> Response:
            return _with_headers(accept(request))

        def rejected(status: Any, text: str) -> Response:
            return _with_headers(reject(status, text))

        self.conn.accept, self.conn.reject = accepted, rejected  # type: ignore[method-assign]

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back that the connection took as HTTP."""
        super().connection_lost(exc)
        self._stop_waiting()
        self._doors.leave(self.client)

    def handle_cont(self, event: Frame) -> None:
        """One more piece of a message."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self.conn.fail(1009, "too many fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer, unless the answers are not read."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self.transport.abort()

    def pause_writing(self) -> None:
        """The reader is slow: give it some time."""
        super().pause_writing()
        if self._reading is None:
            self._reading = self.loop.call_later(guard.READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader went on."""
        super().resume_writing()
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None


def _with_headers(response: Response) -> Response:
    for name, value in guard.SECURITY:
        response.headers[name.decode()] = value.decode()
    return response
