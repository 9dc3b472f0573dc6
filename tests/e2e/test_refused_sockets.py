"""A proxy that lets no WebSocket through: pages ask over HTTP; where that fails too they say so, and end."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect

from crowdcore.testing import serve
from tests.e2e.conversations import free_talk, hears, say
from tests.e2e.people import Person, Town

UPGRADE = b"upgrade: websocket"
REFUSED = r"WebSocket connection to .* failed", r"Failed to load resource: the server responded with a status of 403.*"
_FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Proxy:
    """Passes everything on but requests whose head has one of the texts in `refused` (lower case)."""

    def __init__(self, url: str, *refused: bytes) -> None:
        self._server = urlsplit(url)
        self._refused = refused
        self._door = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._door.accept()[0]
                far = socket.create_connection((self._server.hostname or "", self._server.port or 80))
                self._sockets += [near, far]
                for source, target, judged in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._carry, args=(source, target, judged), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, judged: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if judged and any(text in data.lower() for text in self._refused):
                    source.sendall(_FORBIDDEN)
                    break
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Every connection ends."""
        for each in (self._door, *self._sockets):
            with suppress(OSError):
                each.close()


@contextmanager
def behind(folder: Path, town: Town, *refused: bytes, **pairing: str) -> Iterator[Proxy]:
    """A run in which two people talk, behind such a proxy."""
    with serve(free_talk(folder, **pairing), data_dir=folder / "data") as run, closing(Proxy(run.url, *refused)) as way:
        try:
            yield way
        finally:
            town.close_pages()


def test_people_behind_it_meet_and_talk(town: Town, tmp_path: Path) -> None:
    first, second = town.person(), town.person()
    with behind(tmp_path, town, UPGRADE) as proxy:
        for person, name in ((first, "x"), (second, "y")):
            person.expects(*REFUSED)
            person.open(proxy.url, worker_id=name)
        for person in (first, second):
            expect(person.page.get_by_role("textbox", name="Your message")).to_be_editable()
        say(first.page, "hello from here")
        hears(second.page, "hello from here")
        say(second.page, "and back")
        hears(first.page, "and back")
        first.page.reload()
        hears(first.page, "and back")


def test_who_cannot_ask_over_http_either_is_told_until_when_it_is_tried_and_that_it_failed(
    person: Person, town: Town, tmp_path: Path
) -> None:
    person.expects(*REFUSED)
    with behind(tmp_path, town, UPGRADE, b"/poll http/1.1", disconnect_grace="15s", timeout="20s") as proxy:
        page = person.open(proxy.url, worker_id="x")
        person.sees("Waiting for your partner")
        expect(page.get_by_role("timer")).to_contain_text(re.compile(r"Connecting you… We try for 0:\d\d more at most"))
        person.sees("You could not be connected")
        person.look("no-connection")
