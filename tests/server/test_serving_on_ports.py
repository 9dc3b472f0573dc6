"""Ports: bound before anything is announced, told apart when taken, freed in the end; slow clients are cut."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from crowdcore.errors import RunError
from crowdcore.server.http import guard
from crowdcore.server.http.serve import Server, new_event_loop, next_free_port
from crowdcore.testing.patience import PATIENCE
from tests import web


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def in_loop(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), PATIENCE)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(bounded())


def test_two_servers_live_in_one_loop_and_leave_signals_alone() -> None:
    async def test() -> None:
        before = signal.getsignal(signal.SIGINT)
        servers = [Server(hello, "127.0.0.1", 0) for _ in range(2)]
        ports = [server.start() for server in servers]
        assert len(set(ports)) == 2
        tasks = [asyncio.create_task(server.serve()) for server in servers]
        async with web.AsyncClient() as client:
            for server in servers:
                assert (await client.get(server.local_url)).text == "hello"
            assert signal.getsignal(signal.SIGINT) is before
            await servers[0].stop()
            assert (await client.get(servers[1].local_url)).text == "hello"
            await servers[1].stop()
        await asyncio.gather(*tasks)
        for port in ports:
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0

    in_loop(test)


def test_clients_queue_from_the_start_on() -> None:
    async def test() -> None:
        server = Server(hello, "127.0.0.1", 0)
        server.start()
        async with web.AsyncClient() as client:
            early = asyncio.create_task(client.get(server.local_url))
            await asyncio.sleep(0)
            task = asyncio.create_task(server.serve())
            assert (await early).text == "hello"
        await server.stop()
        await task

    in_loop(test)


def test_a_taken_port_is_named_with_its_option_and_a_free_one() -> None:
    first = Server(hello, "127.0.0.1", 0)
    port = first.start()
    with pytest.raises(RunError) as error:
        Server(hello, "127.0.0.1", port, option="admin.port").start()
    free = next_free_port("127.0.0.1", port + 1)
    assert str(error.value) == f"port {port} is taken; {free} is free: admin.port={free}"
    asyncio.run(first.stop())
    assert next_free_port("127.0.0.1", port) == port


def test_a_host_that_is_not_ours_is_an_error_in_one_line() -> None:
    with pytest.raises(RunError, match=r"^port 3000 on host 'nowhere.invalid' cannot be used: "):
        Server(hello, "nowhere.invalid", 3000).start()
    with pytest.raises(RunError, match="a number from 0 to 65535"):
        Server(hello, "127.0.0.1", 70000).start()


def test_wrong_tls_files_are_said_before_serving(tmp_path: Any) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("nonsense")
    with pytest.raises(RunError, match=r"TLS files .*cert.pem"):
        Server(hello, "127.0.0.1", 0, ssl_certfile=certificate).start()


def test_a_stop_waits_for_running_requests_then_cuts_them() -> None:
    entered, released = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        entered.set()
        await released.wait()
        await hello(scope, receive, send)

    async def test() -> None:
        server = Server(slow, "127.0.0.1", 0)
        server.start()
        task = asyncio.create_task(server.serve())
        async with web.AsyncClient() as client:
            request = asyncio.create_task(client.get(server.local_url))
            await entered.wait()
            stopping = asyncio.create_task(server.stop(grace=PATIENCE))
            released.set()
            assert (await request).text == "hello"
            await stopping
        await task

    in_loop(test)


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["silent", "half a head"])
def test_a_head_that_does_not_come_is_cut(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "HEAD_SECONDS", 0.2)

    async def test() -> None:
        server = Server(hello, "127.0.0.1", 0)
        server.start()
        task = asyncio.create_task(server.serve())
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head)
        assert await reader.read() == b""
        writer.close()
        await server.stop()
        await task

    in_loop(test)


def test_an_endless_head_is_refused() -> None:
    async def test() -> None:
        server = Server(hello, "127.0.0.1", 0)
        server.start()
        task = asyncio.create_task(server.serve())
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\n" + b"X-A: " + b"a" * 200_000)
        assert (await reader.readline()).startswith(b"HTTP/1.1 431")
        writer.close()
        await server.stop()
        await task

    in_loop(test)


def test_no_query_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        from websockets.asyncio.client import connect

        server = Server(hello, "127.0.0.1", 0)
        server.start()
        task = asyncio.create_task(server.serve())
        async with web.AsyncClient() as client:
            await client.get(server.local_url + "?worker_id=SECRET")
        async with connect(f"ws://127.0.0.1:{server.port}/live?token=SECRET", open_timeout=PATIENCE) as ws:
            await ws.wait_closed()
        await server.stop()
        await task

    with caplog.at_level(logging.INFO):
        in_loop(test)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "websockets"))]
    assert not [message for message in ours if "SECRET" in message]
