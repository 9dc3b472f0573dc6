"""People at the live part of a run: each enters over HTTP, opens a socket and listens.

Times are `time.perf_counter()` seconds of this process, both partners' alike.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

AT_ONCE = 50
"""People who enter at the same time, where a row does not measure just that."""
TEXT = "It has been three weeks, and nobody has written to us about it; what would you do?"
FRAME_BYTES = 64 * 1024


@dataclass
class Traffic:
    """What was said by all: when each message was sent, and how long it took to its sender's partner (seconds)."""

    sent: dict[str, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    relayed: int = 0
    faults: list[str] = field(default_factory=list)
    over: bool = False


class Person:
    """One worker with a socket; `faults` of what arrived go to the traffic's."""

    def __init__(self, http: aiohttp.ClientSession, url: str, name: str, traffic: Traffic) -> None:
        self.name = name
        self.until: float | None = None
        self.partner: str | None = None
        self.said = 0
        self.heard = {"own": 0, "partner": 0}
        self.echoed: Callable[[], Any] = _nothing
        self.began: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.alone: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._http = http
        self._agents = url.rstrip("/") + "/api/v1/agents"
        self._traffic = traffic
        self._seq = 0

    async def enter(self) -> None:
        """Ask for work, as the page does when it opens."""
        async with self._http.post(self._agents, json={"params": {"worker_id": self.name}}) as reply:
            assert reply.status == 201, await reply.text()
            self._document = await reply.json()

    async def open(self) -> float:
        """Open the socket; when it was open."""
        url = f"{self._agents}/{self._document['agent']}/live?after={self._seq}&token={self._document['token']}"
        self._socket = await self._http.ws_connect(url, max_msg_size=FRAME_BYTES)
        opened = time.perf_counter()
        self._listening = asyncio.create_task(self._listen())
        return opened

    async def waits(self) -> None:
        """Until the server has said that this person waits (or that they need not)."""
        await self._waiting

    async def say(self) -> None:
        """One more message."""
        self.said += 1
        id = f"{self.name}:{self.said}"
        self._traffic.sent[id] = time.perf_counter()
        await self._socket.send_str(json.dumps({"type": "message", "id": id, "data": {"id": id, "text": TEXT}}))

    async def leave(self, *, abruptly: bool = False) -> float:
        """Close the socket, or the whole session under it: the connection ends without a word. When that began."""
        self._listening.cancel()
        began = time.perf_counter()
        if abruptly:
            assert self._http.connector is not None
            await self._http.connector.close()
        else:
            await self._socket.close()
        return began

    async def _listen(self) -> None:
        async for got in self._socket:
            now = time.perf_counter()
            if got.type is not aiohttp.WSMsgType.TEXT:
                break
            frame = json.loads(got.data)
            if "seq" in frame:
                self._seq += 1
                if frame["seq"] != self._seq:
                    self._fault(f"frame {frame['seq']} comes as number {self._seq}")
                    self._seq = frame["seq"]
            _HEARD.get(frame["type"], _ignore)(self, frame, now)
        if not self._traffic.over:
            self._fault(f"closed with {self._socket.close_code}")

    def _message(self, frame: dict[str, Any], now: float) -> None:
        name, _, number = frame["data"]["id"].partition(":")
        of = "own" if name == self.name else "partner"
        if of == "partner":
            self.partner = self.partner or name
            if name != self.partner:
                self._fault(f"hears {name} beside {self.partner}")
            self._traffic.took.append(now - self._traffic.sent[frame["id"]])
            self._traffic.relayed += 1
        self.heard[of] += 1
        if frame["id"] != frame["data"]["id"] or int(number) != self.heard[of]:
            self._fault(f"{frame['id']} comes as number {self.heard[of]} of {name}")
            self.heard[of] = int(number)
        if of == "own":
            self.echoed()

    def _status(self, frame: dict[str, Any], now: float) -> None:
        if not self._waiting.done():
            self._waiting.set_result(None)
        if frame["status"] == "waiting":
            self.until = frame["waiting"]["until"]
        elif not self.began.done():
            self.began.set_result(now)
        if frame["status"] not in ("waiting", "in_task"):
            self._fault(f"status {frame['status']}")

    def _presence(self, frame: dict[str, Any], now: float) -> None:
        if not frame["present"] and not self.alone.done():
            self.alone.set_result(now)

    def _error(self, frame: dict[str, Any], now: float) -> None:
        self._fault(f"error {frame}")

    def _fault(self, text: str) -> None:
        self._traffic.faults.append(f"{self.name}: {text}")


def _ignore(person: Person, frame: dict[str, Any], now: float) -> None:
    pass


def _nothing() -> None:
    pass


_HEARD: dict[str, Callable[[Person, dict[str, Any], float], None]] = {
    "message": Person._message, "status": Person._status, "presence": Person._presence, "error": Person._error,
}  # fmt: skip


async def pairs(http: aiohttp.ClientSession, url: str, count: int, prefix: str, traffic: Traffic) -> list[Person]:
    """So many pairs whose conversations have begun."""
    people = [Person(http, url, f"{prefix}-{n}", traffic) for n in range(2 * count)]

    async def come(person: Person) -> None:
        await person.enter()
        await person.open()

    await some_at_a_time(come(person) for person in people)
    await asyncio.wait_for(asyncio.gather(*(person.began for person in people)), 60)
    return people


async def some_at_a_time(calls: Iterable[Awaitable[object]], most: int = AT_ONCE) -> None:
    """Await all of them, at most `most` at once."""
    places = asyncio.Semaphore(most)

    async def one(call: Awaitable[object]) -> None:
        async with places:
            await call

    await asyncio.gather(*(one(call) for call in calls))


def more_files() -> None:
    """As many open connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
