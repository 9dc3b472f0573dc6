"""Somebody at live work, without a browser: a worker's page with its socket, for tests."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from crowdcore.testing.patience import PATIENCE
from crowdcore.testing.server import Browserless

Frame = dict[str, Any]


class LivePerson:
    """One worker's page: `entered` over HTTP and connected, if it got live work.

        one, two = LivePerson(run.url, "one"), LivePerson(run.url, "two")
        one.wait("status", status="in_task")
        one.say({"text": "Hello"})
        assert two.wait("message")["sender"] == "Person 1"
        one.submit({"rating": 5})

    `frames` is all that came, in order; a lost connection is opened again by `connect`, as a page does it: what was
    seen is not sent again.
    """

    def __init__(self, url: str, name: str, *, connected: bool = True, **params: str) -> None:
        self.name = name
        self.page = Browserless(url, worker_id=name, **params).enter()
        self.frames: list[Frame] = []
        self.code: int | None = None
        """The code with which the server closed the last connection."""
        self.seq = 0
        """The last frame of the inbox that was seen."""
        self._url = url
        self._socket: ClientConnection | None = None
        self._listener: threading.Thread | None = None
        self._open = ExitStack()
        self._heard = threading.Condition()
        self._waited: dict[str, int] = {}
        if connected and self.document.get("live"):
            self.connect()

    @property
    def document(self) -> dict[str, Any]:
        """The page's document, as it was given last."""
        return self.page.document

    @property
    def agent(self) -> int:
        """The agent's id."""
        return int(self.document["agent"])

    def reload(self) -> Self:
        """Ask for the document again, as a page that is opened anew does, and connect."""
        self.page.enter()
        return self.connect() if self.document.get("live") else self

    def connect(self, after: int | None = None, *, token: str | None = None) -> Self:
        """Open the socket, for what came after `seq`, or after another frame."""
        self._open.close()
        if self._listener is not None:  # what it still has in hand was seen
            self._listener.join(PATIENCE)
        self.code = None
        address = f"{self._url}api/v1/agents/{self.agent}/live".replace("http", "ws", 1)
        query = httpx.QueryParams(
            {"after": self.seq if after is None else after, "token": token or self.document["token"]}
        )
        opening = connect(f"{address}?{query}", compression=None, max_size=None, open_timeout=PATIENCE)
        self._socket = self._open.enter_context(opening)
        self._listener = threading.Thread(target=self._listen, args=(self._socket,), daemon=True)
        self._listener.start()
        return self

    def say(self, data: Any, id: str | None = None) -> str:
        """Send a message; its id."""
        id = id or uuid.uuid4().hex
        self.send({"type": "message", "id": id, "data": data})
        return id

    def send(self, frame: Mapping[str, Any] | str | bytes) -> None:
        """Send any frame, or anything at all."""
        assert self._socket is not None
        self._socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    def wait(self, kind: str, timeout: float = PATIENCE, **members: Any) -> Frame:
        """The next frame of this kind that no `wait` has returned, with these members; AssertionError if none comes.

        When the connection is lost nothing comes any more, so that ends the wait too.
        """
        with self._heard:
            self._until(lambda: self._finds(kind, members) or self.code is not None, timeout)
            found = self._find(kind, members)
            told = [f for f in self.frames if f["type"] == kind][-5:]
            lost = "" if self.code is None else f", and its connection was closed ({self.code})"
            assert found is not None, f"{self.name} got no {kind} {members or ''}{lost}; the last ones were {told}"
            return found

    def _finds(self, kind: str, members: dict[str, Any]) -> bool:
        return any(self._fits(frame, kind, members) for frame in self.frames[self._waited.get(kind, 0) :])

    @staticmethod
    def _fits(frame: Frame, kind: str, members: dict[str, Any]) -> bool:
        return frame["type"] == kind and all(frame.get(name) == value for name, value in members.items())

    def _find(self, kind: str, members: dict[str, Any]) -> Frame | None:
        for place in range(self._waited.get(kind, 0), len(self.frames)):
            if self._fits(self.frames[place], kind, members):
                self._waited[kind] = place + 1
                return self.frames[place]
        return None

    def texts(self) -> list[Any]:
        """What the messages said: their `text`, or all of their data."""
        data = [frame["data"] for frame in self.frames if frame["type"] == "message"]
        return [one.get("text", one) if isinstance(one, dict) else one for one in data]

    def closed(self, timeout: float = PATIENCE) -> int:
        """Wait until the server closes the connection; the code."""
        with self._heard:
            self._until(lambda: self.code is not None, timeout)
            assert self.code is not None, f"{self.name}'s connection is still open"
            return self.code

    def close(self) -> None:
        """Close the tab."""
        self._open.close()

    def cut(self) -> None:
        """Lose the network: no goodbye."""
        assert self._socket is not None
        self._socket.socket.close()

    def submit(self, data: Any) -> httpx.Response:
        """Submit, as soon as that is possible: the conversation may be ending just now."""
        end = time.monotonic() + PATIENCE
        while True:
            reply = self.page.submit(data)
            if reply.status_code != 409 or reply.json()["code"] != "not_acceptable_now" or time.monotonic() > end:
                return reply
            time.sleep(0.02)

    def leave(self) -> httpx.Response:
        """Give the work back."""
        return self.page.call("POST", "/return")

    def _until(self, found: Callable[[], Any], timeout: float) -> Any:
        end = time.monotonic() + timeout
        while not (value := found()) and (left := end - time.monotonic()) > 0:
            self._heard.wait(left)
        return value or None

    def _listen(self, socket: ClientConnection) -> None:
        code = 1006
        try:
            for text in socket:
                frame = json.loads(text)
                with self._heard:
                    self.seq = max(self.seq, frame.get("seq", 0))
                    self.frames.append(frame)
                    self._heard.notify_all()
        except (ConnectionClosed, OSError):
            pass
        finally:
            closed = socket.close_code
            with self._heard:
                if socket is self._socket:
                    self.code = closed or code
                self._heard.notify_all()
