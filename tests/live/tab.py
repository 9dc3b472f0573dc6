"""A worker's tab: HTTP, and a socket that can be opened, closed, broken and taken over."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from crowdcore.testing import Browserless
from crowdcore.testing.patience import PATIENCE
from crowdcore.testing.server import until


class Connected:
    """One open socket of a tab; a thread listens."""

    def __init__(self, socket: ClientConnection, tab: Tab) -> None:
        self._socket = socket
        self._tab = tab
        self.first = threading.Event()
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        with suppress(ConnectionClosed, OSError):
            for text in self._socket:
                self._tab.heard(json.loads(text))
                self.first.set()
        self.first.set()

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it yet."""
        return self._listening.is_alive()

    def send(self, frame: dict[str, Any]) -> None:
        """Send, if there still is somebody."""
        with suppress(ConnectionClosed, OSError):
            self._socket.send(json.dumps(frame))

    def close(self, *, cleanly: bool = True) -> None:
        """Say goodbye, or just be gone."""
        if cleanly:
            self._socket.close()
        else:
            self._socket.close_socket()
        self._listening.join(PATIENCE)

    def closed_with(self) -> int | None:
        """Wait until the server has closed it; the code."""
        self._listening.join(PATIENCE)
        assert not self._listening.is_alive(), "the socket stays open"
        return self._socket.protocol.close_code


class Tab:
    """One worker's; `faults` are frames that came in another order than that of their seq."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.document: dict[str, Any] = {}
        self.acknowledged: dict[int, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.status = self.phase = ""
        self.deaf = False
        """Whether frames are lost on their way from now on: what a dying server sends."""
        self._answers: dict[str, str] = {}
        self._seq = 0
        self._said = 0
        self._url = ""
        self._connected: Connected | None = None
        self._page: Browserless | None = None

    @property
    def agent(self) -> int:
        """The agent of the page, 0 before there is one."""
        return int(self.document.get("agent") or 0)

    @property
    def there(self) -> bool:
        """Whether the socket is open."""
        return self._connected is not None and self._connected.is_open

    @property
    def over(self) -> bool:
        """Whether the page was told that the conversation is over."""
        return self.phase in ("finish", "done")

    @property
    def reply(self) -> httpx.Response:
        """The last reply."""
        assert self._page is not None
        return self._page.reply

    @property
    def code(self) -> str:
        """The code of the last refusal."""
        assert self._page is not None
        return self._page.code

    def moved(self, url: str) -> None:
        """The server is at `url` now."""
        self._url = url
        self._page = Browserless(url, worker_id=self.worker)
        self._page.document = self.document

    def enter(self) -> int:
        """Ask for work; the status of the answer."""
        assert self._page is not None
        before = self.agent
        self._page.enter()
        self.document = self._page.document
        if self.agent != before:
            self._seq, self.status, self.phase = 0, "", ""
        return self._page.reply.status_code

    def call(self, method: str, path: str) -> httpx.Response:
        """A call below the agent's address."""
        assert self._page is not None
        return self._page.call(method, path)

    def submit(self, data: Any) -> httpx.Response:
        """Submit."""
        assert self._page is not None
        return self._page.submit(data)

    def open(self) -> bool:
        """Open the socket and wait for the first frame; False if it was closed again at once."""
        where = urlsplit(self._url)
        path = f"api/v1/agents/{self.agent}/live?after={self._seq}&token={self.document['token']}"
        try:
            socket = connect(f"ws://127.0.0.1:{where.port}/{path}", open_timeout=PATIENCE, compression=None)
        except (InvalidHandshake, OSError) as error:
            self.faults.append(f"{self.worker} cannot connect: {error}")
            return False
        self._connected = Connected(socket, self)
        assert self._connected.first.wait(PATIENCE), "no frame comes"
        return self.there

    def close(self, *, cleanly: bool = True) -> None:
        """Close the socket."""
        if self._connected is not None:
            self._connected.close(cleanly=cleanly)
            self._connected = None

    def lost(self) -> None:
        """The server is gone, and the socket with it."""
        self.close(cleanly=False)
        self.deaf = False

    def handed_over(self) -> Connected:
        """Leave the socket open and forget it: another one takes its place."""
        assert self._connected is not None
        older, self._connected = self._connected, None
        return older

    def say(self, data: Any) -> str:
        """Send a message and wait: `ack`, the code of an error, or `closed`."""
        connected = self._connected
        assert connected is not None
        self._said += 1
        id, agent = f"{self.worker}-{self._said}", self.agent
        connected.send({"type": "message", "id": id, "data": data})
        until(lambda: id in self._answers or not connected.is_open)
        answer = self._answers.get(id, "closed")
        if answer == "ack":
            self.acknowledged.setdefault(agent, {})[id] = data
        return answer

    def heard(self, frame: dict[str, Any]) -> None:
        """A frame came; called by the listening thread."""
        if self.deaf:
            return
        if "seq" in frame:
            if frame["seq"] != self._seq + 1:
                self.faults.append(f"{self.worker} gets frame {frame['seq']} after {self._seq}")
            self._seq = frame["seq"]
        match frame["type"]:
            case "ack":
                self._answers[frame["id"]] = "ack"
            case "error" if "id" in frame:
                self._answers[frame["id"]] = frame["code"]
            case "status":
                self.status, self.phase = frame["status"], frame["phase"]
