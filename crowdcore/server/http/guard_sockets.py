"""The WebSocket protocol with limits on frames and on readers. Imported with the first socket: it costs 50 ms."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Response

from crowdcore.server.http import guard
from crowdcore.server.http.doors import ANSWERS, Doors

MOST_FRAGMENTS = 1024
"""Frames that one message may come in."""
ANSWER_SECONDS = 3.0
"""Seconds that a client has to answer a ping."""
MOST_UNREAD = 1024 * 1024
"""Bytes that wait for a client which asks (with pings) and never reads."""


class GuardedSocket(WebSocketsSansIOProtocol):
    """Closes a connection that is over one of the limits; every answer to a handshake has the security headers."""

    def __init__(self, *, doors: Doors, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._doors = doors
        self._reading: asyncio.TimerHandle | None = None
        self._asking: set[asyncio.Future[None]] = set()
        send_response = self.conn.send_response

        def with_headers(response: Response) -> None:
            for name, value in guard.SECURITY:
                response.headers.setdefault(name.decode(), value.decode())
            send_response(response)

        self.conn.send_response = with_headers  # type: ignore[method-assign]

    async def run_asgi(self) -> None:
        """Run the application, which may ask whether the client is still there."""
        self.scope[ANSWERS] = self.answers  # type: ignore[literal-required]
        await super().run_asgi()

    async def answers(self) -> bool:
        """Whether the client answers a ping in time; one that does not is cut off."""
        if self.transport.is_closing():
            return False
        asked: asyncio.Future[None] = self.loop.create_future()
        self._asking.add(asked)
        self.conn.send_ping(b"here?")
        self.transport.write(b"".join(self.conn.data_to_send()))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await asked
        except TimeoutError:
            self.transport.abort()
            return False
        finally:
            self._asking.discard(asked)
        return True

    async def send(self, message: Any) -> None:
        """Pass it on; an answer instead of a handshake is an end of the handshake, too."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        """Pass it on; a head that was not understood gets an answer (it came whole, nothing will follow)."""
        for asked in self._asking:
            if not asked.done():
                asked.set_result(None)
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(guard.refusal(b"400 Bad Request"))
            self.transport.close()

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
