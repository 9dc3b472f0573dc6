"""Connected workers in the middle of their work: each has a unit and keeps its connection open.

`python -m benchmarks.hold URL --workers 1000 --server PID` prints one line of JSON: the server's memory per worker.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from urllib.parse import urlsplit

from benchmarks.processes import memory

AT_ONCE = 50


async def connect(host: str, port: int, worker: str) -> asyncio.StreamWriter:
    """One worker: a connection of their own, on which they claim a unit."""
    reader, writer = await asyncio.open_connection(host, port)
    body = json.dumps({"params": {"worker_id": worker}}).encode()
    head = f"POST /api/v1/agents HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert answer.startswith("http/1.1 201"), answer
    await reader.readexactly(int(answer.partition("content-length: ")[2].partition("\r\n")[0]))
    return writer


async def hold(url: str, workers: int, server: int) -> dict[str, float]:
    """Memory before (the server has served a few already), and how much each worker added."""
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 80
    held = await asyncio.gather(*(connect(host, port, f"warm-{n}") for n in range(AT_ONCE)))
    before = memory(server)
    for first in range(0, workers, AT_ONCE):
        held += await asyncio.gather(*(connect(host, port, f"held-{first + n}") for n in range(AT_ONCE)))
    added = memory(server) - before
    return {"before_mb": before, "kb_per_worker": added * 1e6 / 1024 / workers, "connections": len(held)}


def main() -> None:
    """The holder as a process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--server", type=int, required=True)
    words = parser.parse_args()
    print(json.dumps(asyncio.run(hold(words.url, words.workers, words.server))))


if __name__ == "__main__":
    main()
