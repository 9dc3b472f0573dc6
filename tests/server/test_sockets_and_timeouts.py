"""The live address of a run that is not live, and bodies that stop coming."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.sync.client import connect

from crowdcore import RunHandle
from crowdcore.errors import RequestError
from crowdcore.server.http.bodies import chunks
from crowdcore.server.http.limits import Limits
from crowdcore.server.http.problems import ClientGone
from crowdcore.testing import Browserless
from crowdcore.testing.patience import PATIENCE


def refusal(run: RunHandle, path: str) -> tuple[str, int | None]:
    """The code in the error frame, and the close code."""
    with connect(run.url.replace("http", "ws") + path, open_timeout=PATIENCE) as socket:
        frame = json.loads(socket.recv(timeout=PATIENCE))
        assert frame["type"] == "error"
        with pytest.raises(Exception):  # noqa: B017, PT011  # whatever this client says about a closed socket
            socket.recv(timeout=PATIENCE)
        return frame["code"], socket.close_code


def test_a_run_without_a_live_part_says_so(run: RunHandle, new_worker: Callable[[], Browserless]) -> None:
    document = new_worker().document
    path = f"api/v1/agents/{document['agent']}/live?after=0&token={document['token']}"
    assert refusal(run, path) == ("no_live", 4404)


def test_a_socket_needs_the_agents_own_token(run: RunHandle, new_worker: Callable[[], Browserless]) -> None:
    one, two = new_worker().document, new_worker().document
    for token in ("", "x", two["token"]):
        assert refusal(run, f"api/v1/agents/{one['agent']}/live?token={token}") == ("bad_token", 4401)
    assert refusal(run, f"api/v1/agents/{one['agent']}/nothing") == ("not_found", 4404)


def read(messages: list[dict[str, Any]], *, headers: list[tuple[bytes, bytes]] | None = None) -> bytes:
    """What `chunks` makes of a client that sends `messages` and then nothing more."""

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def body() -> bytes:
        scope = {"headers": headers or []}
        limits = Limits(idle=0.05, slowest=100)
        return b"".join([piece async for piece in chunks(scope, receive, limits, 100, "This")])

    return asyncio.run(body())


def test_a_body_that_stops_coming_is_given_up() -> None:
    with pytest.raises(RequestError) as error:
        read([{"type": "http.request", "body": b"{", "more_body": True}])
    assert (error.value.status, error.value.code) == (408, "timeout")


def test_a_body_that_only_drips_is_given_up() -> None:
    pieces = 0

    async def drip() -> dict[str, Any]:
        nonlocal pieces
        pieces += 1
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def body() -> None:
        async for _ in chunks({"headers": []}, drip, Limits(idle=0.05, slowest=1000), 1000, "This"):
            pass

    with pytest.raises(RequestError) as error:
        asyncio.run(body())
    assert (error.value.status, error.value.code) == (408, "timeout")
    assert pieces < 100  # 1000 would be all of them


def test_a_client_that_left_is_not_answered() -> None:
    with pytest.raises(ClientGone):
        read([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])


def test_a_body_in_pieces_is_whole_in_the_end() -> None:
    assert read([{"type": "http.request", "body": b"{", "more_body": True},
                 {"type": "http.request", "body": b"}", "more_body": False}]) == b"{}"  # fmt: skip


def test_compressed_bodies_are_refused() -> None:
    with pytest.raises(RequestError) as error:
        read([], headers=[(b"content-encoding", b"gzip")])
    assert error.value.status == 415
