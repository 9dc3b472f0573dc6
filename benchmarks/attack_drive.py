"""The driver of the attacks: `python -m benchmarks.attack_drive ATTACK URL --seconds 5`; prints one line of JSON.

The innocent worker's calls are timed in this process; the attacker is a process of its own (`attackers.py`), so that
neither waits for the other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

import aiohttp

from benchmarks.drive import ANSWER, percentile
from benchmarks.processes import answer, helper
from crowdcore.server.http.serve import new_event_loop

PAUSE = 0.02
"""Seconds between two calls of the innocent worker."""
FIRST = 1.0
"""Seconds that an attack goes on before it is measured what others notice."""


@dataclass
class Innocent:
    """Somebody who works: `took`: seconds of the calls; `refused`: those not answered as they should be."""

    http: aiohttp.ClientSession
    url: str
    live: bool = False
    took: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    number: int = 0

    async def work(self, seconds: float) -> None:
        """Enter, store a draft, submit; of live work, enter and give back. Again and again."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            self.number += 1
            params = {"params": {"worker_id": f"innocent-{self.number}"}}
            document = await self._call("POST", "", params)
            if document is None:
                continue
            path, token = f"/{document['agent']}", document["token"]
            if self.live or "f0" in json.dumps(document["init"]):
                await self._call("GET", path, None, token)
                await self._call("POST", f"{path}/return", None, token)
            else:
                await self._call("PUT", f"{path}/draft", {"data": ANSWER}, token)
                await self._call("POST", f"{path}/submit", {"data": ANSWER}, token)

    async def _call(self, method: str, path: str, body: object, token: str = "") -> dict[str, str] | None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.url.rstrip("/") + "/api/v1/agents" + path
        began = time.perf_counter()
        async with self.http.request(method, url, json=body, headers=headers) as reply:
            text = await reply.text()
            self.took.append(time.perf_counter() - began)
            if reply.status >= 400:
                self.refused.append(f"{method} {path or '/'}: {reply.status} {text[:200]}")
        await asyncio.sleep(PAUSE)
        return json.loads(text) if reply.status < 400 and text else None


async def drive(attack: str, url: str, seconds: float) -> dict[str, float]:
    """The innocent worker alone, then beside the attack."""
    async with aiohttp.ClientSession() as http:
        await Innocent(http, url, attack == "reconnects").work(1.0)
        quiet = Innocent(http, url, attack == "reconnects", number=10_000)
        await quiet.work(seconds)
        attacker = helper("attackers", attack, url, "--seconds", str(seconds + FIRST))
        await asyncio.sleep(FIRST)
        beside = Innocent(http, url, attack == "reconnects", number=20_000)
        await beside.work(seconds)
        attempts = await asyncio.to_thread(answer, attacker)
    for line in sorted(set(beside.refused))[:3]:
        print_fault(attack, line)
    before, after = percentile(quiet.took, 95), percentile(beside.took, 95)
    return {
        "quiet_p95_ms": before, "attacked_p95_ms": after, "times": after / before,
        "refused": len(beside.refused) + len(quiet.refused), "attempts_per_second": attempts / (seconds + FIRST),
    }  # fmt: skip


def print_fault(attack: str, line: str) -> None:
    """What should not have been refused, for the reader of the table."""
    print(f"  {attack}: {line}", file=sys.stderr)


def main() -> None:
    """The driver as a process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("attack")
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=5.0)
    words = parser.parse_args()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print(json.dumps(runner.run(drive(words.attack, words.url, words.seconds))))


if __name__ == "__main__":
    main()
