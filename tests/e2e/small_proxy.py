"""A proxy as many stand before a server: it has a limit for bodies of its own, and says so in a page of its own."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_ANSWER = b"<html><head><title>413 Request Entity Too Large</title></head><body>413</body></html>"


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: str
    limit: int
    hangs_up: bool

    def _pass_on(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if length > self.limit:
            self.close_connection = True
            if self.hangs_up:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return None
            self.rfile.read(length)
            return self._reply(413, [("content-type", "text/html")], _ANSWER)
        server = http.client.HTTPConnection(self.target)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
        server.request(self.command, self.path, self.rfile.read(length), headers)
        answer = server.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OURS]
        self._reply(answer.status, kept, answer.read())
        return server.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815  (http.server's names)

    def _reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in [*headers, ("content-length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


_OURS = {"content-length", "transfer-encoding", "connection", "date", "server"}


@contextmanager
def small_proxy(url: str, limit: int, *, hangs_up: bool = False) -> Iterator[str]:
    """The address of a proxy before `url` that takes bodies of `limit` bytes.

    What is larger gets a page with status 413, or no answer at all: the proxy hangs up.
    """
    kind = type("Proxy", (_Proxy,), {"target": urlsplit(url).netloc, "limit": limit, "hangs_up": hangs_up})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
