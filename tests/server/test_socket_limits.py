"""Sockets: how many an agent and an address may open, and what frames may come."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from crowdcore.server.admission import Admission
from crowdcore.server.api import WorkerApi
from crowdcore.server.http.limits import Limits
from crowdcore.server.http.serve import Server, new_event_loop
from crowdcore.testing import ManualClock
from crowdcore.testing.patience import PATIENCE

Open = Callable[..., connect]


async def echo(agent_id: int, after: int, socket: Any) -> None:
    """A live part that says everything again."""
    while (said := await socket.receive()) is not None:
        await socket.send(said if isinstance(said, str) else f"{len(said)} bytes")


@contextlib.asynccontextmanager
async def served(limits: Limits) -> AsyncIterator[Open]:
    context: Any = SimpleNamespace(limits=limits, work=None, secret_key=b"k" * 32, identity="x", clock=ManualClock())
    api = WorkerApi(context)
    admission = Admission(api, limits)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await admission(echo, scope, receive, send)

    server = Server(app, "127.0.0.1", 0, trusted_proxies=["127.0.0.0/8"])
    server.start()
    task = asyncio.create_task(server.serve())

    def open_(agent: int = 1, **more: Any) -> connect:
        url = f"ws://127.0.0.1:{server.port}/api/v1/agents/{agent}/live?token={api.tokens.make(agent)}&after=0"
        return connect(url, proxy=None, max_size=None, open_timeout=PATIENCE, **more)

    try:
        yield open_
    finally:
        await server.stop(grace=0.1)
        await task


def in_loop(test: Callable[[Open], Awaitable[None]], limits: Limits | None = None) -> None:
    async def bounded() -> None:
        async with served(limits or Limits()) as open_:
            await asyncio.wait_for(test(open_), PATIENCE)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(bounded())


async def closed_with(socket: ClientConnection) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.recv()
    return socket.close_code


def test_an_agent_has_so_many_sockets_and_no_more() -> None:
    async def test(open_: Open) -> None:
        async with open_() as one, open_() as two:
            async with open_() as third:
                assert json.loads(await third.recv())["code"] == "too_fast"
                assert await closed_with(third) == 4429
            async with open_(agent=2) as other:
                await other.send("x")
                assert await other.recv() == "x"
            await one.close()
            while True:  # the place is free once the server has noticed
                async with open_() as again:
                    await again.send("x")
                    with contextlib.suppress(ConnectionClosed):
                        if await again.recv() == "x":
                            break
            await two.send("still here")
            assert await two.recv() == "still here"

    in_loop(test, Limits(sockets=2))


def test_an_address_that_opens_sockets_too_fast_is_told_so() -> None:
    async def test(open_: Open) -> None:
        forwarded = {"additional_headers": {"X-Forwarded-For": "192.0.2.7"}}
        for _ in range(4):
            async with open_(**forwarded):
                pass
        with pytest.raises(InvalidStatus) as refusal:
            await open_(**forwarded)
        response = refusal.value.response
        assert response.status_code == 429
        assert json.loads(response.body or b"")["code"] == "too_fast"
        assert int(response.headers["retry-after"]) >= 1
        assert response.headers["x-content-type-options"] == "nosniff"
        async with open_(additional_headers={"X-Forwarded-For": "192.0.2.8"}):
            pass

    in_loop(test, Limits(address_rate=2))


def test_handshakes_answer_with_the_security_headers() -> None:
    async def test(open_: Open) -> None:
        async with open_() as socket:
            assert socket.response is not None
            assert socket.response.headers["referrer-policy"] == "no-referrer"

    in_loop(test)


@pytest.mark.parametrize(
    ("frame", "code"), [("x" * (1024 * 1024 + 1), 1009), (os.urandom(2 * 1024 * 1024), 1009)], ids=["text", "bytes"]
)
def test_a_message_over_1_mb_ends_the_connection(frame: str | bytes, code: int) -> None:
    async def test(open_: Open) -> None:
        async with open_() as socket:
            with contextlib.suppress(ConnectionClosed):
                await socket.send(frame)
            assert await closed_with(socket) == code

    in_loop(test)


def test_a_message_in_endless_pieces_ends_the_connection() -> None:
    async def test(open_: Open) -> None:
        async with open_() as socket:
            with contextlib.suppress(ConnectionClosed):
                await socket.send("" for _ in range(5000))
            assert await closed_with(socket) == 1009
        async with open_() as socket:
            await socket.send("x" for _ in range(500))
            assert await socket.recv() == "x" * 500

    in_loop(test)
