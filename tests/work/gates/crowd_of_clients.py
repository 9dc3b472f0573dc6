"""Many workers at once, over HTTP from this process: honest ones, careless ones, some who leave or open two tabs."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

OVER = ("run_over", "too_many_units", "not_qualified")
WAIT = 0.3
"""Seconds until a client asks again for work when there is none now."""


@dataclass
class Crowd:
    """So many workers on the run at `url`; those whose names begin with `bad` answer golds wrong after the first."""

    url: str
    workers: int
    seed: int = 1
    acknowledged: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    ends: dict[str, str] = field(default_factory=dict)

    def work(self) -> None:
        """Until nobody gets work any more."""
        asyncio.run(self._work())

    async def _work(self) -> None:
        connector = aiohttp.TCPConnector(limit=self.workers)
        timeout = aiohttp.ClientTimeout(total=300)
        async with aiohttp.ClientSession(self.url, connector=connector, timeout=timeout) as http:
            names = [f"{'bad' if n % 10 == 0 else 'good'}-{n}" for n in range(self.workers)]
            await asyncio.gather(*(_Client(self, http, name).work() for name in names))


class _Client:
    """One worker, the same for the same seed as far as the server lets it."""

    def __init__(self, crowd: Crowd, http: aiohttp.ClientSession, name: str) -> None:
        self._crowd = crowd
        self._http = http
        self._name = name
        self._random = random.Random(f"{crowd.seed}:{name}")
        self._golds = 0

    async def work(self) -> None:
        while True:
            document = await self._enter()
            while document is not None:
                document = await self._piece(document)
            if self._name in self._crowd.ends:
                return

    async def _enter(self) -> dict[str, Any] | None:
        tabs = 2 if self._random.random() < 0.03 else 1
        answers = await asyncio.gather(*(self._call("", {"params": {"worker_id": self._name}}) for _ in range(tabs)))
        status, body = answers[0]
        if status in (200, 201):
            agents = {answer["agent"] for code, answer in answers if code in (200, 201)}
            assert len(agents) == 1, "two tabs, two pieces of work"
            return body
        self._crowd.refusals[body["code"]] += 1
        if body["code"] in OVER:
            self._crowd.ends[self._name] = body["code"]
        else:
            assert body["code"] in ("no_available_units", "too_many_open", "busy"), body
            await asyncio.sleep(WAIT)
        return None

    async def _piece(self, document: dict[str, Any]) -> dict[str, Any] | None:
        agent, token = document["agent"], document["token"]
        if self._random.random() < 0.05:
            status, _ = await self._call(f"/{agent}/return", None, token)
            assert status == 204
            return None
        status, answer = await self._call(f"/{agent}/submit", {"data": self._data(document)}, token)
        assert status == 200, answer
        self._crowd.acknowledged[document["phase"]] += 1
        following: dict[str, Any] | None = answer["next"]
        return following

    def _data(self, document: dict[str, Any]) -> dict[str, Any]:
        if document["phase"] == "onboarding":
            return {"text": "yes" if self._random.random() < 0.8 else "no"}
        if str(document["init"]["n"]).startswith("gold"):
            self._golds += 1
            if self._name.startswith("bad") and self._golds > 1:
                return {"text": "wrong"}
            return {"text": "right"}
        return {"text": self._name}

    async def _call(self, path: str, body: Any, token: str | None = None) -> tuple[int, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        while True:
            async with self._http.post(f"api/v1/agents{path}", json=body, headers=headers) as answer:
                if answer.status not in (429, 503):
                    return answer.status, await answer.json(content_type=None) if answer.status != 204 else None
            await asyncio.sleep(WAIT)
