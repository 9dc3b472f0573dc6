"""An office that pays: a real HTTP server that writes down, on the disk, everything that it is asked to do.

It does not look whether it did something before, so whoever asks twice pays twice. Now and then it is slow, does what
it is asked and breaks off before it answers, or refuses.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from tests.chaos.crew import Log

PROVIDER = """
import json
import os
import urllib.request

from crowdcore import hookimpl


class Payroll:
    delivers = frozenset({{"reward", "bonus", "approve", "reject"}})

    def ask(self, what, **facts):
        body = json.dumps({{"what": what, **facts}}).encode()
        with urllib.request.urlopen("{url}", body, timeout=60) as reply:
            return reply.read().decode()

    @hookimpl
    def provider_approve(self, visit):
        self.ask("approve", key=visit.external_id)

    @hookimpl
    def provider_reject(self, visit, reason):
        self.ask("reject", key=visit.external_id)

    @hookimpl
    def provider_pay(self, payment):
        return self.ask("pay", key=payment.key, worker=payment.worker.name, amount=str(payment.amount))
"""


class Office:
    """Serves on a free port of this machine; `asked` holds everything that was done, in order."""

    def __init__(self, path: Path, seed: int) -> None:
        self.asked: list[dict[str, Any]] = []
        self.kind = False
        """Whether it answers everything at once from now on."""
        self._log = Log(path)
        self._rng = Random(f"office {seed}")
        app = web.Application()
        app.router.add_post("/", self._answer)
        self._runner = web.AppRunner(app)

    async def open(self) -> str:
        """Start; its address."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def close(self) -> None:
        """No more."""
        await self._runner.cleanup()
        self._log.close()

    def done(self, what: str) -> Counter[str]:
        """How often each key was done."""
        return Counter(entry["key"] for entry in self.asked if entry["what"] == what)

    async def _answer(self, request: web.Request) -> web.Response:
        entry = json.loads(await request.read())
        chance = 1.0 if self.kind else self._rng.random()
        if chance < 0.03:
            raise web.HTTPServiceUnavailable(text="the office is closed")
        self._log.add(entry)
        self.asked.append(entry)
        if chance < 0.06 and request.transport is not None:
            request.transport.close()  # done, and nobody is told
        if chance < 0.2:
            await asyncio.sleep(self._rng.uniform(0, 0.1))
        return web.Response(text=f"receipt {len(self.asked)}")
