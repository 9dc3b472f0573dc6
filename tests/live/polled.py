"""A worker's page that asks over HTTP instead of holding a socket."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import httpx

from crowdcore.testing import Browserless, until
from crowdcore.testing.patience import PATIENCE

LONG = PATIENCE + 30


class PolledPerson:
    """Polls in a thread; `frames` is all that came, `closed` how it was closed."""

    def __init__(self, url: str, name: str) -> None:
        self.page = Browserless(url, worker_id=name).enter()
        self.frames: list[dict[str, Any]] = []
        self.closed: dict[str, Any] | None = None
        self.refused = False
        self.connection = uuid.uuid4().hex
        self._url = f"{url}api/v1/agents/{self.agent}/"
        self._got = 0
        self._polling: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def agent(self) -> int:
        """The agent's id."""
        return int(self.page.document["agent"])

    def post(self, word: str, **body: Any) -> httpx.Response:
        """One call."""
        headers = {"Authorization": f"Bearer {self.page.document['token']}"}
        return httpx.post(self._url + word, json={"connection": self.connection, **body}, headers=headers, timeout=LONG)

    def poll(self, *, got: int | None = None, wait: float = 0.0) -> dict[str, Any]:
        """One poll; what it brought is kept."""
        reply = self.post("poll", got=self._got if got is None else got, after=self.seq, wait=wait)
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        self._got, self.closed = answer["next"], answer["closed"]
        self.frames += answer["frames"]
        return answer

    @property
    def seq(self) -> int:
        """The last frame of the inbox that came."""
        return max((frame.get("seq", 0) for frame in self.frames), default=0)

    def listen(self, wait: float = 1.0) -> PolledPerson:
        """Poll from now on, until `quiet`, the end, or there is no server."""

        def ask() -> None:
            try:
                while not self._stop.is_set() and self.closed is None:
                    self.poll(wait=wait)
            except httpx.ConnectError:
                self.refused = True

        self._polling = threading.Thread(target=ask, daemon=True)
        self._polling.start()
        return self

    def quiet(self) -> None:
        """Poll no longer."""
        self._stop.set()
        if self._polling is not None:
            self._polling.join(LONG)

    def wait(self, kind: str, **members: Any) -> dict[str, Any]:
        """The first frame of this kind with these members, once it came."""

        def found() -> list[dict[str, Any]]:
            return [f for f in self.frames if f["type"] == kind and members.items() <= f.items()]

        until(lambda: bool(found()))
        return found()[0]

    def say(self, data: Any, id: str) -> httpx.Response:
        """Send one message."""
        return self.post("frames", frames=[{"type": "message", "id": id, "data": data}])
