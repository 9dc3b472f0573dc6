"""Workers that know nothing of the product but its HTTP API, and write down what was acknowledged to them.

What a server has answered with 200 is in the crew's own log, on the disk, before the worker goes on: the
log is what the product is held to.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

Form = Callable[[], aiohttp.FormData]
"""Makes the same form anew: one can be sent once only."""
OVER = ("run_over", "too_many_units")
"""Refusals after which a worker goes home."""


@dataclass
class Place:
    """Where the server is at the moment; `url` is None while there is none."""

    url: str | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def is_at(self, url: str | None) -> None:
        """Tell everybody."""
        async with self.changed:
            self.url = url
            self.changed.notify_all()

    async def find(self) -> str:
        """The address, once there is one."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.url is not None)
            assert self.url is not None
            return self.url

    async def lost(self, url: str) -> None:
        """Nothing answered at `url`: wait a moment, or until somebody knows better."""
        async with self.changed:
            if self.url == url:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.2):  # wait_for of Python 3.11 may swallow a cancellation
                        await self.changed.wait()


class Log:
    """One JSON object a line; each is on the disk when `add` returns."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.count = 0

    def add(self, entry: dict[str, Any]) -> None:
        """Append and fsync."""
        os.write(self._file, (json.dumps(entry) + "\n").encode())
        os.fsync(self._file)
        self.count += 1

    def close(self) -> None:
        """No more entries."""
        os.close(self._file)


@dataclass
class Crew:
    """`count` workers x1, x2, …; `acknowledged` is called after each logged submission with how many there are."""

    place: Place
    log: Log
    seed: int
    count: int
    acknowledged: Callable[[int], None]
    faults: list[str] = field(default_factory=list)

    async def work(self) -> None:
        """Until nobody gets anything more to do."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as http:
            await asyncio.gather(*(Worker(self, http, f"x{n + 1}").work() for n in range(self.count)))


class Worker:
    """One person: takes work, sends it in one of several ways, again and again until it is acknowledged."""

    def __init__(self, crew: Crew, http: aiohttp.ClientSession, name: str) -> None:
        self._crew = crew
        self._http = http
        self._name = name
        self._rng = Random(f"{crew.seed}/{name}")

    async def work(self) -> None:
        """Until the server says that it is over for this worker."""
        while True:
            status, document = await self._call("POST", "", None, json={"params": {"worker_id": self._name}})
            if status == 409 and document["code"] in OVER:
                return
            if status == 409 and document["code"] == "no_available_units":
                await asyncio.sleep(0.1)
            elif status in (200, 201):
                await self._do(document)
            else:
                self._crew.faults.append(f"{self._name} is answered {status} {document}")
                return

    async def _do(self, document: dict[str, Any]) -> None:
        await asyncio.sleep(self._rng.uniform(0, 0.02))
        agent, token, chance = document["agent"], document["token"], self._rng.random()
        if chance < 0.03:
            await self._expect(204, "POST", f"/{agent}/return", token)
            return
        if chance < 0.2:
            await self._expect(204, "PUT", f"/{agent}/draft", token, json={"text": "so far"})
        text = f"{self._name} on {document['init']['n']}: {self._rng.randbytes(6).hex()}"
        files = {f"file{n}": self._rng.randbytes(self._rng.randrange(20_000)) for n in range(self._rng.randrange(3))}
        if files and chance < 0.4:
            sent = await self._upload_first(agent, token, text, files)
        else:
            sent = await self._send_at_once(agent, token, text, files)
        if sent:
            hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
            n = document["init"]["n"]
            self._crew.log.add({"agent": agent, "worker": self._name, "n": n, "text": text, "files": hashes})
            self._crew.acknowledged(self._crew.log.count)

    async def _send_at_once(self, agent: int, token: str, text: str, files: dict[str, bytes]) -> bool:
        if not files:
            return await self._expect(200, "POST", f"/{agent}/submit", token, json={"data": {"text": text}})

        def form() -> aiohttp.FormData:
            made = aiohttp.FormData()
            made.add_field("data", json.dumps({"text": text}))
            for name, content in files.items():
                made.add_field(name, content, filename=f"{name}.bin", content_type="application/octet-stream")
            return made

        return await self._expect(200, "POST", f"/{agent}/submit", token, form=form)

    async def _upload_first(self, agent: int, token: str, text: str, files: dict[str, bytes]) -> bool:
        data: dict[str, Any] = {"text": text}
        for name, content in files.items():

            def form(name: str = name, content: bytes = content) -> aiohttp.FormData:
                made = aiohttp.FormData()
                made.add_field("file", content, filename=f"{name}.bin")
                return made

            status, answer = await self._call("POST", f"/{agent}/files/{name}", token, form=form)
            if status != 200:
                self._crew.faults.append(f"{self._name}: an upload is answered {status} {answer}")
                return False
            data[name] = answer["file"]
        return await self._expect(200, "POST", f"/{agent}/submit", token, json={"data": data})

    async def _expect(self, wanted: int, method: str, path: str, token: str, **body: Any) -> bool:
        status, answer = await self._call(method, path, token, **body)
        if status != wanted:
            self._crew.faults.append(f"{self._name}: {method} {path} is answered {status} {answer}")
        return status == wanted

    async def _call(
        self, method: str, path: str, token: str | None, *, form: Form | None = None, **body: Any
    ) -> tuple[int, Any]:
        """The answer, once there is one: as long as nobody answers, the same is sent again."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        while True:
            url = await self._crew.place.find()
            if form is not None:
                body["data"] = form()
            try:
                async with self._http.request(method, f"{url}api/v1/agents{path}", headers=headers, **body) as reply:
                    answer = await reply.json(content_type=None) if reply.status != 204 else None
                    if reply.status != 503:
                        return reply.status, answer
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                pass
            await self._crew.place.lost(url)
