"""A network that drops packets closes nothing: whoever waits behind it is asked before somebody is paired with them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest

from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage


class Network:
    """A way to the server that can drop whatever is on it, in both directions, while every connection stays open."""

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._passing = threading.Event()
        self._passing.set()
        self._sockets: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def drop(self) -> None:
        """From now on nothing gets through."""
        self._passing.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._door.accept()[0]
                far = socket.create_connection((self._server.hostname or "", self._server.port or 80))
                self._sockets += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._passing.is_set():
                    target.sendall(data)
            if self._passing.is_set():
                target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Every connection ends."""
        for each in (self._door, *self._sockets):
            with suppress(OSError):
                each.close()


@pytest.fixture
def network(stage: Stage) -> Iterator[Network]:
    """A way to a run in which two work together."""
    stage.launch(blueprint={"num_assignments": 1})
    with closing(Network(stage.run.url)) as made:
        yield made


def test_nobody_is_paired_with_somebody_whose_packets_are_dropped(stage: Stage, network: Network) -> None:
    lost = LivePerson(network.url, "lost")
    lost.wait("status", status="waiting")
    until(lambda: stage.agent(lost)["conversation_id"] is not None)
    network.drop()
    one = stage.person("one")
    one.wait("status", status="waiting")
    assert stage.agent(lost)["conversation_id"] is None, "the seat is free"
    two = stage.person("two")
    for person in (one, two):
        person.wait("status", status="in_task")
    assert stage.agent(lost)["status"] == "waiting"
    lost.close()


def test_who_answers_is_paired_as_before(stage: Stage, network: Network) -> None:
    far, near = LivePerson(network.url, "far"), None
    far.wait("status", status="waiting")
    near = stage.person("near")
    for person in (far, near):
        person.wait("status", status="in_task")
    far.close()
