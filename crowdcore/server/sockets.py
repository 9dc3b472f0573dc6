"""The live connection of an agent: who may open it, and what a run without a live part says."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from crowdcore.errors import RequestError
from crowdcore.server.api import AGENTS, WorkerApi
from crowdcore.server.context import LiveHandler
from crowdcore.server.http.doors import ANSWERS
from crowdcore.server.http.reply import Receive, Scope, Send

_PATH = re.compile(re.escape(AGENTS) + r"/([0-9]{1,19})/live")


class AsgiSocket:
    """An accepted connection, as `crowdcore.work.context.Socket` has it: the bare protocol, for it costs the least."""

    __slots__ = ("_answers", "_open", "_receive", "_send")

    def __init__(self, receive: Receive, send: Send, answers: Callable[[], Awaitable[bool]] | None = None) -> None:
        self._answers = answers
        self._receive = receive
        self._send = send
        self._open = True

    async def receive(self) -> str | bytes | None:
        """The next frame, bytes if it was a binary one; None when the connection is closed."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            self._open = False
            return None
        text: str | None = message.get("text")
        return bytes(message["bytes"]) if text is None else text

    async def answers(self) -> bool:
        """Whether somebody is still there; where the server cannot ask, as long as the connection is not closed."""
        return self._open and (self._answers is None or await self._answers())

    async def send(self, text: str) -> None:
        """Send one frame; a closed connection swallows it."""
        await self._do({"type": "websocket.send", "text": text})

    async def close(self, code: int, reason: str = "") -> None:
        """Close the connection; one that is closed stays so."""
        await self._do({"type": "websocket.close", "code": code, "reason": reason})
        self._open = False

    async def _do(self, message: dict[str, object]) -> None:
        if not self._open:
            return
        try:
            await self._send(message)
        except (OSError, RuntimeError):  # gone, or closed a moment ago from the other side
            self._open = False


async def serve_socket(api: WorkerApi, live: LiveHandler | None, scope: Scope, receive: Receive, send: Send) -> None:
    """Check the token, then hand the accepted connection to `live`.

    A refusal is accepted first, since browsers hide the reason of a failed handshake: an `error` frame
    with the code, then a close code 4000 + HTTP status (4401 bad_token, 4404 no_live or not_found).
    """
    if (await receive())["type"] != "websocket.connect":
        return
    await send({"type": "websocket.accept"})
    socket = AsgiSocket(receive, send, scope.get(ANSWERS))
    try:
        agent_id, after = _identify(api, scope)
        if live is None:
            raise RequestError(404, "no_live", "This work has no live part.")
    except RequestError as error:
        await socket.send(json.dumps({"type": "error", "code": error.code, "detail": error.detail}))
        await socket.close(4000 + error.status, error.code)
        return
    await live(agent_id, after, socket)


def _identify(api: WorkerApi, scope: Scope) -> tuple[int, int]:
    match = _PATH.fullmatch(scope["path"])
    if match is None:
        raise RequestError(404, "not_found", "There is no live connection at this address.")
    query = parse_qs(scope["query_string"].decode("latin-1"))
    agent_id = api.authenticate(match[1], query.get("token", [None])[0])
    after = query.get("after", ["0"])[0]
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise RequestError(422, "invalid", "after must be a number.")
    return agent_id, int(after)
