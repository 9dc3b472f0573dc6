"""The attackers, a process of their own: `python -m benchmarks.attackers ATTACK URL --seconds 5`.

Each goes on for so many seconds and prints how often it tried. Whatever the server answers is fine with it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from benchmarks.drive import ANSWER
from crowdcore.server.http.serve import new_event_loop

MEGABYTE = 1024 * 1024
PEOPLE = 24
FIELDS = 40
ADDRESS = "127.0.0.2"
"""Where the attacks come from: another address than the innocent worker's."""


class Attacker:
    """One client that means no good; `attempts` counts the calls that were answered or cut off."""

    def __init__(self, http: aiohttp.ClientSession, url: str, seconds: float) -> None:
        self._http = http
        self._agents = url.rstrip("/") + "/api/v1/agents"
        self._until = time.monotonic() + seconds
        self._names = itertools.count()
        self.attempts = 0

    @property
    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self._until

    async def call(self, method: str, path: str, body: bytes | aiohttp.FormData, token: str = "") -> Any:
        """One call; the JSON of the answer if it is a success, else None. A refusal is followed by a breath."""
        headers = {"Content-Type": "application/json"} if isinstance(body, bytes) else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with self._http.request(method, self._agents + path, data=body, headers=headers) as reply:
                text = await reply.read()
                self.attempts += 1
                return json.loads(text) if reply.status < 400 and text else None
        except (aiohttp.ClientError, ValueError, TimeoutError):
            self.attempts += 1
            return None

    async def enter(self) -> tuple[str, str] | None:
        """(path, token) of new work for somebody new; None if there is none."""
        name = f"attacker-{time.time_ns()}-{next(self._names)}"
        document = await self.call("POST", "", json.dumps({"params": {"worker_id": name}}).encode())
        return None if document is None else (f"/{document['agent']}", document["token"])

    async def _together(self, count: int, attack: Callable[[], Awaitable[None]]) -> None:
        await asyncio.gather(*(attack() for _ in range(count)))

    async def bodies(self) -> None:
        """16 MB of small lists, without a token."""
        body = b'{"params": [' + b"[]," * (16 * MEGABYTE // 3) + b"0]}"
        await self._together(2, lambda: self._send("POST", "", body))

    async def small(self) -> None:
        """As many values as a small body holds."""
        body = b'{"params": {"worker_id": "x", "more": [' + b"[]," * 20_000 + b"0]}}"
        await self._together(8, lambda: self._send("POST", "", body))

    async def drafts(self) -> None:
        """The largest draft that is taken, stored and read back."""
        sizes = (16 * MEGABYTE, MEGABYTE, MEGABYTE // 2, 60_000)
        for size, piece in itertools.product(sizes, (b"[],", b'"aaaa",')):
            work = await self.enter()
            body = b'{"data": {"subject": [' + piece * (size // len(piece) - 20) + b"0]}}"
            if work is not None and await self.call("PUT", f"{work[0]}/draft", body, work[1]) is not None:
                break
        else:
            await self.small()
            return
        await asyncio.gather(
            self._send("PUT", f"{work[0]}/draft", body, work[1]),
            *(self._send("GET", work[0], b"", work[1]) for _ in range(4)),
        )

    async def submissions(self) -> None:
        """A submission as long as it may be, again and again."""
        work = await self.enter()
        if work is not None:
            body = json.dumps({"data": {**ANSWER, "complaint": "x" * 1900, "more": ["y" * 50] * 20_000}}).encode()
            await self._together(4, lambda: self._send("POST", f"{work[0]}/submit", body, work[1]))

    async def uploads(self) -> None:
        """Files for work that will be refused."""
        work = await self.enter()

        async def upload() -> None:
            while self.goes_on and work is not None:
                form = aiohttp.FormData({"data": "{}"})
                for number in range(5):
                    form.add_field("file", b"x" * MEGABYTE, filename=f"{number}.bin")
                await self.call("POST", f"{work[0]}/submit", form, work[1])

        await self._together(3, upload)

    async def claims(self) -> None:
        """New people from one address, each takes a unit and keeps it."""

        async def claim() -> None:
            while self.goes_on:
                await self.enter()

        await self._together(16, claim)

    async def patterns(self) -> None:
        """People whose every field makes the pattern go back and forth."""
        body = json.dumps({"data": {f"f{n}": "a" * 40 + "!" for n in range(FIELDS)}}).encode()

        async def person() -> None:
            work = await self.enter()
            if work is not None:
                await self._send("POST", f"{work[0]}/submit", body, work[1])

        await self._together(PEOPLE, person)

    async def sleep(self) -> None:
        """People who reload, and for some of whom the author's code sleeps."""

        async def person() -> None:
            while self.goes_on:
                work = await self.enter()
                if work is not None:
                    await self.call("GET", work[0], b"", work[1])
                await asyncio.sleep(0.05)

        await self._together(8, person)

    async def reconnects(self) -> None:
        """Somebody in a conversation who opens the socket anew to be allowed more messages."""
        first, second = await self.enter(), await self.enter()
        if first is None or second is None:
            return

        async def talk(path: str, token: str) -> None:
            numbers = itertools.count()
            while self.goes_on:
                try:
                    async with self._http.ws_connect(f"{self._agents}{path}/live?after=0&token={token}") as socket:
                        for _ in range(30):
                            id = f"{path}:{next(numbers)}"
                            message = {"type": "message", "id": id, "data": {"text": "x" * 500}}
                            await socket.send_str(json.dumps(message))
                            self.attempts += 1
                except (aiohttp.ClientError, ConnectionError):
                    await asyncio.sleep(0.05)

        await asyncio.gather(*(talk(*who) for who in (first, second) for _ in range(4)))

    async def _send(self, method: str, path: str, body: bytes, token: str = "") -> None:
        while self.goes_on:
            await self.call(method, path, body, token)


async def attack(name: str, url: str, seconds: float) -> int:
    """Go on with one attack for so long; the number of attempts."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, local_addr=(ADDRESS, 0)), timeout=timeout
    ) as http:
        attacker = Attacker(http, url, seconds)
        tasks = [asyncio.create_task(getattr(attacker, name)())]
        _, late = await asyncio.wait(tasks, timeout=seconds + 1)
        for task in late:
            task.cancel()
        for task in tasks:
            if task not in late:
                task.result()
    return attacker.attempts


def main() -> None:
    """The attacker as a process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("attack")
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=5.0)
    words = parser.parse_args()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print(json.dumps(runner.run(attack(words.attack, words.url, words.seconds))))


if __name__ == "__main__":
    main()
