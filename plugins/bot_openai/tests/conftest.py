"""A chat completions service on this machine, which does what each test tells it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.chains import ChainMaker, chains

KEY = "sk-test-4f9a2b7c"


def completion(text: Any, read: int = 100, written: int = 10) -> bytes:
    """What such a service answers."""
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}], "usage": usage}).encode()


@dataclass
class Reply:
    """One answer: `status`, `body` (bytes) and headers; `hold` waits until the test ends before the body."""

    body: bytes = completion("Hi!")
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False


class Endpoint:
    """The service; `replies` are given in turn, the last one for ever."""

    def __init__(self) -> None:
        self.replies = [Reply()]
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def stop(self) -> None:
        """From now on nobody answers there."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def messages(self) -> list[tuple[str, str]]:
        """The roles and contents of the last request."""
        return [(message["role"], message["content"]) for message in self.requests[-1]["messages"]]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with endpoint._lock:
                    endpoint.requests.append({"path": self.path, **json.loads(body)})
                    endpoint.headers.append(dict(self.headers))
                    reply = endpoint.replies.pop(0) if len(endpoint.replies) > 1 else endpoint.replies[0]
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.hold:
                    endpoint.released.wait(60)
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A running service."""
    found = Endpoint()
    yield found
    found.stop()


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChainMaker]:
    """Makes the stand-ins of a run; the key is in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "*")
    with chains(tmp_path) as make:
        yield make


@pytest.fixture
def bot(endpoint: Endpoint) -> Callable[..., dict[str, Any]]:
    """The section of a bot that asks the service: `bot(max_calls=3)`."""
    return lambda **options: {"type": "openai", "url": endpoint.url, "model": "small-1", **options}
