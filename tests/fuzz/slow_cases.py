"""Clients that take their time: heads, bodies and readers, beside everything else that is going on."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from crowdcore.server.http.guard import HEAD_SECONDS
from crowdcore.server.http.limits import Limits
from tests.fuzz.servers import Server

EACH = 20
GRACE = 60.0


class Slow(threading.Thread):
    """Opens EACH connections of every kind, gives each a byte a second, and notes how they end in `faults`."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self.faults: list[str] = []
        self.patience = max(HEAD_SECONDS, Limits().idle) + GRACE

    def run(self) -> None:
        """Drip until all are closed, or ought to be."""
        document = self._server.enter()
        going = {kind: [self._open(head) for _ in range(EACH)] for kind, head in _heads(document).items()}
        end = time.monotonic() + self.patience
        while any(going.values()) and time.monotonic() < end:
            for kind, connections in going.items():
                going[kind] = [one for one in connections if _alive(one, drip=kind != "silent")]
            time.sleep(1)
        for kind, connections in going.items():
            if connections:
                self.faults.append(f"slow: {len(connections)} of {EACH} {kind} open after {self.patience:.0f} s")
            for one in connections:
                one.close()

    def _open(self, head: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._server.port), timeout=60)
        connection.sendall(head)
        connection.setblocking(False)
        return connection


def _heads(document: dict[str, Any]) -> dict[str, bytes]:
    put = f"PUT /api/v1/agents/{document['agent']}/draft HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    put += f"Authorization: Bearer {document['token']}\r\n"
    return {
        "silent": b"",
        "dripping heads": b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "dripping bodies": (put + "Content-Length: 100000\r\n\r\n").encode(),
        "dripping chunks": (put + "Transfer-Encoding: chunked\r\n\r\n20000\r\n").encode(),
    }


def _alive(connection: socket.socket, *, drip: bool) -> bool:
    try:
        if drip:
            connection.send(b"1")
        if connection.recv(65536) == b"":
            connection.close()
            return False
    except BlockingIOError:
        return True
    except OSError:
        connection.close()
        return False
    return True
