"""A public address with a path: the proxy may strip it or not, and the last slash may be missing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crowdcore.testing import serve
from crowdcore.testing.patience import PATIENCE
from tests.e2e.conversations import LOST, free_talk, hears, say
from tests.e2e.people import Town


class Proxy:
    """Passes everything on to `target`, without `strip` at the beginning of its path."""

    def __init__(self, target: int, strip: str) -> None:
        self._target, self._strip = target, strip.encode()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(PATIENCE)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, rest = head.split(b" ", 2)
            path = path.removeprefix(self._strip)
            path = path if path.startswith(b"/") else b"/" + path
            if b"upgrade: websocket" not in head.lower():  # each request on a connection of its own
                rest = rest.replace(b"\r\nConnection: keep-alive", b"\r\nConnection: close")
            inner_reader, inner = await asyncio.open_connection("127.0.0.1", self._target)
            inner.write(b" ".join((method, path, rest)))
            await asyncio.gather(_pump(reader, inner), _pump(inner_reader, writer))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
def inside() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=["", "/labs/talk"], ids=["kept", "stripped"])
def proxy(request: pytest.FixtureRequest, inside: int) -> Iterator[Proxy]:
    made = Proxy(inside, request.param)
    yield made
    made.close()


@pytest.mark.parametrize("slash", ["", "/"], ids=["without-slash", "with-slash"])
def test_people_talk_whether_the_proxy_strips_the_path_or_not(
    tmp_path: Path, town: Town, inside: int, proxy: Proxy, slash: str
) -> None:
    public = f"http://localhost:{proxy.port}/labs/talk"
    config = {
        **free_talk(tmp_path), "provider": {"type": "inhouse", "access": "open"},
        "architect": {"type": "local", "port": inside, "public_url": public},
    }  # fmt: skip
    with serve(config, data_dir=tmp_path / "data") as run:
        assert run.url == public + "/"
        pages = []
        for name in ("anna", "ben"):
            person = town.person()
            person.expects(*LOST)
            pages.append(person.open(public + slash, worker_id=name))
        say(pages[0], "hello ben")
        hears(pages[1], "hello ben")
        say(pages[1], "hello anna")
        hears(pages[0], "hello anna")
        town.close_pages()
