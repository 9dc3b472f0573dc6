"""Who does not read holds up nobody: the connection is closed, and what it missed comes when the page comes back."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from crowdcore.testing import LivePerson
from crowdcore.testing.patience import PATIENCE
from tests.live.conftest import Stage

TIMES, SIZE = 120, 100_000


@contextmanager
def sleepy(stage: Stage, person: LivePerson) -> Iterator[ClientConnection]:
    """The person's connection, of which nothing is read but what somebody asks for."""
    parts = urlsplit(stage.run.url)
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    plug.connect((parts.hostname, parts.port))
    path = f"api/v1/agents/{person.agent}/live?after=0&token={person.document['token']}"
    address = stage.run.url.replace("http", "ws") + path
    with connect(address, sock=plug, compression=None, max_queue=1, max_size=None, close_timeout=1) as connection:
        yield connection


def test_a_reader_that_is_stuck_is_closed_and_comes_back_to_everything(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    with sleepy(stage, two) as stuck:
        assert two.closed() == 4409
        one.say({"do": "flood", "times": TIMES, "size": SIZE})
        last = {"n": TIMES - 1, "text": "x" * SIZE}
        one.wait("message", data=last)  # as if nothing were the matter
        one.say("on we go")
        one.wait("message", data="on we go")
        seen: list[dict[str, Any]] = []
        code = None
        try:
            while True:
                seen.append(json.loads(stuck.recv(timeout=PATIENCE)))
        except ConnectionClosed:
            code = stuck.close_code
        assert code == 4408
    numbers = [frame["seq"] for frame in seen if "seq" in frame]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) < TIMES
    two.connect(after=len(numbers))
    two.wait("message", data="on we go")
    rest = [frame["seq"] for frame in two.frames if "seq" in frame]
    assert [*numbers, *rest] == list(range(1, TIMES + 2))
