"""Connections: how many, how long, how much; and every answer that comes before an application is asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from crowdcore.server.http import doors, guard
from crowdcore.server.http.doors import Doors
from crowdcore.server.http.proxies import Proxies
from crowdcore.server.http.serve import Server, new_event_loop
from crowdcore.testing.patience import PATIENCE

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BIG = 8 * 1024 * 1024


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers without reading a body; /big is big, /slow takes a moment."""
    body = b"a" * BIG if scope["path"] == "/big" else b"hello"
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body[:-1], "more_body": True})
    await send({"type": "http.response.body", "body": body[-1:]})


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[int]:
    server = Server(app, "127.0.0.1", 0)
    server.start()
    task = asyncio.create_task(server.serve())
    try:
        yield server.port
    finally:
        await server.stop(grace=0.1)
        await task


def in_loop(test: Callable[[int], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with served() as port:
            await asyncio.wait_for(test(port), PATIENCE)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(bounded())


async def answer(port: int, request: bytes) -> bytes:
    """All that is said until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    said = await reader.read()
    writer.close()
    return said


def test_more_connections_than_there_are_places_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST", 2)

    async def test(port: int) -> None:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _, writer in held:
            writer.write(GET)
        for reader, _ in held:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        refused = await answer(port, GET)
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"\r\nretry-after: " in refused
        held[0][1].close()
        while (await answer(port, GET[:-2] + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 503"):
            await asyncio.sleep(0.01)
        held[1][1].close()

    in_loop(test)


def test_one_address_does_not_get_all_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_OF_ADDRESS", 2)
    places = Doors(Proxies(["192.0.2.99", "192.0.2.98"]))
    assert [places.enter(("2001:db8::" + str(n), 1)) for n in range(3)] == [True, True, False]
    assert places.enter(("2001:db8:0:1::1", 1))
    places.leave(("2001:db8::7", 1))
    assert places.enter(("2001:db8::8", 1))
    for spared in ("127.0.0.1", "::1", "192.0.2.99"):
        assert all(places.enter((spared, 1)) for _ in range(5))


def test_the_rest_of_a_refused_body_may_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "REST_SECONDS", 0.1)
    monkeypatch.setattr(guard, "HEAD_SECONDS", 0.2)

    async def test(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1000), 0.02)
        writer.close()

    in_loop(test)


def test_who_does_not_read_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "READ_SECONDS", 0.2)
    leave, cut = Doors.leave, asyncio.Event()

    def left(self: Doors, client: tuple[str, int] | None) -> None:
        leave(self, client)
        cut.set()

    monkeypatch.setattr(Doors, "leave", left)

    async def test(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(GET.replace(b"/ ", b"/big ", 1))
        await cut.wait()  # nothing is read meanwhile
        size = 0
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                size += len(piece)
        assert size < BIG
        writer.close()

    in_loop(test)


def test_who_reads_slowly_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "READ_SECONDS", PATIENCE / 2)

    async def test(port: int) -> None:
        said = await answer(port, GET.replace(b"/ ", b"/big ", 1)[:-2] + b"Connection: close\r\n\r\n")
        assert len(said.partition(b"\r\n\r\n")[2]) == BIG

    in_loop(test)


def test_requests_that_nobody_waited_for_are_not_collected() -> None:
    async def test(port: int) -> None:
        slow = GET.replace(b"/ ", b"/slow ", 1)
        assert (await answer(port, slow + GET * 200)).count(b"HTTP/1.1 200") < 20
        a_few = await answer(port, slow + GET * 4 + GET[:-2] + b"Connection: close\r\n\r\n")
        assert a_few.count(b"HTTP/1.1 200") == 6

    in_loop(test)


@pytest.mark.parametrize(
    ("request_", "status"),
    [(b"junk\r\n\r\n", b"400"), (GET[:-2] + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n", b"431")],
    ids=["400", "431"],
)
def test_refusals_before_the_application_have_the_security_headers(request_: bytes, status: bytes) -> None:
    async def test(port: int) -> None:
        said = await answer(port, request_)
        assert said.startswith(b"HTTP/1.1 " + status)
        for header in (b"content-security-policy: ", b"x-content-type-options: nosniff", b"referrer-policy: "):
            assert header in said

    in_loop(test)
