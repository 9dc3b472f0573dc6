"""The driver: workers that never pause, each a claim and a submission at a time, over HTTP.

A process of its own: `python -m benchmarks.drive URL --workers 200 --each 30` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.processes import cpu_seconds
from crowdcore.server.http.serve import new_event_loop

ANSWER = {
    "subject": "A book that never came back",
    "reply_to": "desk@example.org",
    "pages": "3",
    "code": "AB-1234",
    "kind": "complaint",
    "complaint": "It has been three weeks, and nobody has written to us about it. " * 4,
}


@dataclass
class Times:
    """Seconds that each call took."""

    claims: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)


class Driver:
    """`workers` workers at the server of `url`, named after `prefix`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, prefix: str) -> None:
        self._session = session
        self._agents = url.rstrip("/") + "/api/v1/agents"
        self._prefix = prefix

    async def work(self, worker: int, each: int, times: Times) -> None:
        """Claim and submit `each` units, one after the other."""
        for _ in range(each):
            began = time.perf_counter()
            document = await self.claim(worker)
            claimed = time.perf_counter()
            await self._submit(document)
            times.submits.append(time.perf_counter() - claimed)
            times.claims.append(claimed - began)

    async def claim(self, worker: int) -> Any:
        """New work for this worker."""
        params = {"params": {"worker_id": f"{self._prefix}-{worker}"}}
        async with self._session.post(self._agents, json=params) as reply:
            assert reply.status == 201, await reply.text()
            return await reply.json()

    async def _submit(self, document: Any) -> None:
        headers = {"Authorization": f"Bearer {document['token']}"}
        url = f"{self._agents}/{document['agent']}/submit"
        async with self._session.post(url, json={"data": ANSWER}, headers=headers) as reply:
            assert reply.status == 200, await reply.text()
            assert (await reply.json())["status"] == "completed"


async def drive(url: str, workers: int, each: int, prefix: str, server: int) -> dict[str, float]:
    """One unit each to get going, then `each` more that are measured."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        driver = Driver(session, url, prefix)
        await asyncio.gather(*(driver.work(n, 1, Times()) for n in range(workers)))
        times, spent, own, began = Times(), cpu_seconds(server), own_cpu(), time.perf_counter()
        await asyncio.gather(*(driver.work(n, each, times) for n in range(workers)))
        seconds = time.perf_counter() - began
    units = workers * each
    return {
        "units_per_second": units / seconds,
        "server_cpu_us_per_unit": (cpu_seconds(server) - spent) / units * 1e6,
        "driver_cpu_us_per_unit": (own_cpu() - own) / units * 1e6,
        "claim_p50_ms": percentile(times.claims, 50), "claim_p95_ms": percentile(times.claims, 95),
        "submit_p50_ms": percentile(times.submits, 50), "submit_p95_ms": percentile(times.submits, 95),
    }  # fmt: skip


def own_cpu() -> float:
    """Seconds of processor time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def percentile(seconds: list[float], percent: int) -> float:
    """In milliseconds."""
    return sorted(seconds)[min(len(seconds) * percent // 100, len(seconds) - 1)] * 1000


def main() -> None:
    """The driver as a process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--each", type=int, default=30)
    parser.add_argument("--prefix", default="w")
    parser.add_argument("--server", type=int, help="process id of the server, for its CPU time")
    words = parser.parse_args()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print(json.dumps(runner.run(drive(words.url, words.workers, words.each, words.prefix, words.server))))


if __name__ == "__main__":
    main()
