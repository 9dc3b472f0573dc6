"""Which sockets are let in: so many requests per address, so many connections per agent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crowdcore.errors import RequestError
from crowdcore.server.api import WorkerApi
from crowdcore.server.context import LiveHandler
from crowdcore.server.http.limits import Limits
from crowdcore.server.http.problems import problem
from crowdcore.server.http.rates import Places
from crowdcore.server.http.reply import Message, Receive, Scope, Send
from crowdcore.server.sockets import serve_socket

if TYPE_CHECKING:
    from crowdcore.work.context import Socket

_FULL = RequestError(429, "too_fast", "This work is open in too many tabs. Close one and reload.")


class Admission:
    """Serves sockets within the limits."""

    def __init__(self, api: WorkerApi, limits: Limits) -> None:
        self._api = api
        self._places = Places(limits.sockets)

    async def __call__(self, live: LiveHandler | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket. Whose address is too fast gets a plain 429 instead of a connection."""
        try:
            self._api.check_address(scope)
        except RequestError as refusal:
            await _answer(refusal, scope, receive, send)
            return
        await serve_socket(self._api, live and self._bounded(live), scope, receive, send)

    def _bounded(self, live: LiveHandler) -> LiveHandler:
        async def handler(agent_id: int, after: int, socket: Socket) -> None:
            with self._places.hold(agent_id) as held:
                if held:
                    await live(agent_id, after, socket)
                    return
            await socket.send(json.dumps({"type": "error", "code": _FULL.code, "detail": _FULL.detail}))
            await socket.close(4000 + _FULL.status, _FULL.code)

        return handler


async def _answer(refusal: RequestError, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse the handshake with an HTTP answer."""

    async def as_handshake(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await problem(refusal)({**scope, "method": "GET"}, receive, as_handshake)
