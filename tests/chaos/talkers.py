"""People who talk with each other over HTTP and a socket, through any number of outages, and keep what they were told.

They know nothing of the product but its worker API: a message is sent again, under the same id, until it is
acknowledged; a socket that breaks is opened again and asks for everything after the last frame.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.crew import Place

PATIENCE = 60.0
"""Seconds after which something that does not happen is a fault."""


@dataclass
class Party:
    """What a number of talkers share: `acknowledged` is called after each acknowledgement with how many there are."""

    place: Place
    http: aiohttp.ClientSession
    acknowledged: Callable[[int], None]
    count: int = 0
    said: int = 0
    faults: list[str] = field(default_factory=list)

    def acknowledge(self) -> None:
        """One more."""
        self.count += 1
        self.acknowledged(self.count)


class Stay:
    """One piece of work of one person, from its first document on."""

    def __init__(self, party: Party, name: str, document: dict[str, Any]) -> None:
        self.agent: int = document["agent"]
        self.phase: str = document["phase"]
        self.frames: list[dict[str, Any]] = []
        """Those with a seq, in the order in which they came."""
        self.acknowledged: dict[str, Any] = {}
        """The data of each acknowledged message by id, in the order of the acknowledgements."""
        self.refused: list[dict[str, Any]] = []
        self._party = party
        self._name = name
        self._token = document["token"]
        self._seq = 0
        self._pending: dict[str, Any] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._changed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages among the frames."""
        return [frame for frame in self.frames if frame["type"] == "message"]

    @property
    def quiet(self) -> bool:
        """Whether everything that was said is acknowledged or refused."""
        return not self._pending

    def come(self) -> None:
        """Open the socket, and open it again whenever it breaks."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._stay())

    async def go(self) -> None:
        """Close the tab."""
        task, self._listening = self._listening, None
        if task is not None:
            task.cancel()
            await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), PATIENCE)

    async def say(self, data: Any) -> str:
        """Send one more message; its id."""
        self._party.said += 1
        id = f"{self._name}-{self._party.said}"
        self._pending[id] = data
        await self._send(id)
        return id

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
        """Wait until `condition`, looked at whenever something came; False if it did not come true in time."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def passed_on(self, id: str, seconds: float = PATIENCE) -> bool:
        """Wait until a message came back, or the conversation is over; False if neither happened in time."""
        over = ("finish", "done", "over")
        return await self.until(lambda: self.phase in over or any(m["id"] == id for m in self.messages), seconds)

    async def submit(self, data: Any) -> int:
        """Submit until there is an answer; its status."""
        return (await call(self._party, "POST", f"/{self.agent}/submit", self._token, json={"data": data}))[0]

    async def give_back(self) -> int:
        """Return the work."""
        return (await call(self._party, "POST", f"/{self.agent}/return", self._token))[0]

    async def _stay(self) -> None:
        while self.phase not in ("done", "over"):
            url = await self._party.place.find()
            path = f"api/v1/agents/{self.agent}/live?after={self._seq}&token={self._token}"
            try:
                async with self._party.http.ws_connect(f"{url}{path}") as self._socket:
                    for id in list(self._pending):
                        await self._send(id)
                    async for got in self._socket:
                        self._heard(json.loads(got.data))
                        self._changed.set()
                    if self._socket.close_code in (1000, 4404):
                        self.phase = "over" if self.phase != "finish" else self.phase
                        self._changed.set()
                        return
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                pass
            finally:
                self._socket = None
            await self._party.place.lost(url)

    async def _send(self, id: str) -> None:
        if self._socket is not None:
            with suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.send_str(json.dumps({"type": "message", "id": id, "data": self._pending[id]}))

    def _heard(self, frame: dict[str, Any]) -> None:
        if "seq" in frame:
            if frame["seq"] != self._seq + 1:
                self._fault(f"frame {frame['seq']} comes after {self._seq}")
            self._seq = frame["seq"]
            self.frames.append(frame)
        match frame["type"]:
            case "status":
                self.phase = frame["phase"]
            case "ack" if frame["id"] in self._pending:
                self.acknowledged[frame["id"]] = self._pending.pop(frame["id"])
                self._party.acknowledge()
            case "error":
                self.refused.append(frame)
                self._pending.pop(frame.get("id", ""), None)
                if frame["code"] != "not_live":
                    self._fault(f"is told {frame}")

    def _fault(self, text: str) -> None:
        self._party.faults.append(f"{self._name} (agent {self.agent}) {text}")


async def enter(party: Party, name: str) -> tuple[int, dict[str, Any]]:
    """Ask for work: status and body."""
    status, body = await call(party, "POST", "", None, json={"params": {"worker_id": name}})
    assert body is not None
    return status, body


Answer = tuple[int, dict[str, Any] | None]
"""Status and body of a reply."""


async def call(party: Party, method: str, path: str, token: str | None, **body: Any) -> Answer:
    """The answer, once there is one: as long as nobody answers, the same is sent again."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    while True:
        url = await party.place.find()
        try:
            async with party.http.request(method, f"{url}api/v1/agents{path}", headers=headers, **body) as reply:
                answer = await reply.json(content_type=None) if reply.status != 204 else None
                if reply.status not in (429, 503):
                    return reply.status, answer
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            pass
        await party.place.lost(url)
