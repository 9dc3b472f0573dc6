"""A chat service on this machine that speaks as ParlAI's own does: an overworld, a chat world, a model per socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve


def counting(heard: list[str]) -> dict[str, Any] | str | bytes | None:
    """A model that says how much it has heard."""
    return {"text": f"{len(heard)}: {heard[-1]}", "quick_replies": None}


class Service:
    """The service; `model` gives the answer to all that one socket's model heard. None is silence until the end."""

    def __init__(self) -> None:
        self.model: Callable[[list[str]], Any] = counting
        self.notices: list[str] = []
        self.sockets: list[ServerConnection] = []
        self.paths: list[str] = []
        self.heard: list[list[str]] = []
        self.released = threading.Event()
        self.url = ""

    def drop(self) -> None:
        """Break every connection."""
        for socket in self.sockets:
            socket.close()

    def talk(self, socket: ServerConnection) -> None:
        """One socket, from its first frame to its end."""
        self.sockets.append(socket)
        self.paths.append(socket.request.path if socket.request is not None else "")
        heard: list[str] = []
        self.heard.append(heard)
        try:
            self._open(socket)
            for frame in socket:
                text = json.loads(frame)["text"]
                if "[DONE]" in text:
                    return
                heard.append(text)
                self._say(socket, self.model(heard))
        except ConnectionClosed:
            return

    def _open(self, socket: ServerConnection) -> None:
        while self.notices:
            socket.recv()
            self._say(socket, {"text": self.notices.pop(0)})
        socket.recv()  # whatever comes first opens the overworld
        self._say(socket, {"text": 'Welcome to the overworld. Please type "begin"', "quick_replies": ["begin", "exit"]})
        while json.loads(socket.recv())["text"] != "begin":
            self._say(socket, {"text": 'Invalid option. Please type "begin".', "quick_replies": ["begin"]})
        self._say(socket, {"text": "Please wait while we pair you with another person."})
        self._say(socket, {"text": "Welcome to the chatbot demo. You are now paired with a bot."})

    def _say(self, socket: ServerConnection, answer: Any) -> None:
        if answer is None:
            self.released.wait(60)
            return
        if isinstance(answer, dict):
            answer = json.dumps({**answer, "text": answer["text"].replace("\n", "<br />")})
        socket.send(answer)


@contextmanager
def chat_service() -> Iterator[Service]:
    """A running service."""
    service = Service()
    with serve(service.talk, "127.0.0.1", 0) as server:
        host, port = server.socket.getsockname()
        service.url = f"ws://{host}:{port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            service.released.set()
            server.shutdown()
            service.drop()
            thread.join(60)
