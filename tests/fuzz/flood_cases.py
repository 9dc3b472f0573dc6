"""Too much of everything: bodies of megabytes, floods of files, and texts that a terminal would obey.

Whatever is sent, the answer is a success or says why not, the server is well right after it, others are served, files
that nobody named are not kept, and no command passes on what acts.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import requests

from tests.fuzz.servers import Server

MEGABYTE = 1024 * 1024
RIGHT = {200, 201, 204, 400, 403, 409, 413, 415, 422, 429}
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f]")
PIECES = ("[],", "{},", "0,", '"",', "[[]],", '{"a":[]},', '"\\u00e9",', "1e9,", "null,", '"' + "ä" * 400 + '",')
SIGNS = (
    "\x1b]52;c;cm0=\x07", "\x1b[2J", "\x9b1;1H", "\x9d0;x\x9c", "\r", "\b", "\x7f", "\u2028", "\u202e", "\u2067",
    "\n99:99:99 ERROR forged", "\x1bP\x1b\\", "\x1b(0", "\x0e",
)  # fmt: skip
COMMANDS = (
    ["runs"], ["status", "{}"], ["review", "list", "{}", "--status", "any"], ["review", "list", "{}", "--json"],
    ["tips", "{}"], ["tips", "{}", "--feedback"], ["owed", "{}"], ["outbox", "{}"], ["export", "{}"], ["db", "check"],
)  # fmt: skip


def bodies(server: Server, random: Random, count: int) -> Iterator[str]:
    """What was wrong with so many bodies of up to 20 MB, to every call that takes JSON."""
    for _ in range(count):
        document = server.enter()
        base = f"/api/v1/agents/{document['agent']}"
        method, path, shape = random.choice([
            ("POST", "/api/v1/agents", '{"params":{"worker_id":"x","more":[%s0]}}'), ("POST", base + "/error", "[%s0]"),
            ("POST", base + "/feedback", '{"kind":"tip","text":[%s0]}'), ("PUT", base + "/draft", '{"data":[%s0]}'),
            ("PUT", base + "/draft", "[%s0]"), ("POST", base + "/submit", '{"data":{"text":[%s0]}}'),
            ("POST", base + "/submit", '{"data":{"text":"a"},"more":[%s0]}'),
            ("POST", base + "/call/echo", '{"args":[%s0]}'),
        ])  # fmt: skip
        piece = random.choice(PIECES)
        size = random.choice([60_000, MEGABYTE // 2, MEGABYTE, 4 * MEGABYTE, 20 * MEGABYTE])
        body = (shape % (piece * (size // len(piece.encode())))).encode()
        yield from _sent(server, method, path, document, f"{size:,} bytes of {piece!r:.20}", data=body)
        yield from _served(server, document, path)


def uploads(server: Server, random: Random, count: int) -> Iterator[str]:
    """What was wrong with so many forms of many files, of work that is refused, repeated or given back."""
    for _ in range(count):
        document = server.enter()
        base = f"/api/v1/agents/{document['agent']}"
        parts, size = random.choice([(1, 4 * MEGABYTE), (20, 200_000), (200, 1000), (5, MEGABYTE)])
        files = [("doc", (f"{n}{random.choice(SIGNS)}.bin", random.randbytes(size))) for n in range(parts)]
        answer = random.choice(['{"text": ""}', '{"text": "a"}', "{}", "[]", "{"])
        if answer == '{"text": "a"}':  # what comes after it is a repetition
            yield from _sent(server, "POST", base + "/submit", document, "submit", json={"data": {"text": "a"}})
        told = f"{parts} files of {size:,} bytes with {answer}"
        for _ in range(random.choice([1, 3])):
            yield from _sent(server, "POST", base + "/submit", document, told, data={"data": answer}, files=files)
        yield from _served(server, document, base)
        yield from _sent(server, "POST", base + "/return", document, "given back")


def escapes(server: Server, random: Random, count: int) -> Iterator[str]:
    """What reached the terminal of what people wrote."""
    for number in range(count):
        text = "".join(random.choices(SIGNS, k=5)) + f" {number}"
        document = server.enter(f"eve-{number} {random.choice(SIGNS)}".strip())
        base = f"/api/v1/agents/{document['agent']}"
        for kind in ("tip", "feedback"):
            yield from _sent(server, "POST", base + "/feedback", document, kind, json={"kind": kind, "text": text})
        yield from _sent(server, "POST", base + "/error", document, "error", json={"message": text, "detail": text})
        yield from _sent(server, "POST", base + "/submit", document, "submit", json={"data": {"text": text}})
    for words in COMMANDS:
        done = server.machine.crowd(*(word.format(server.name) for word in words))
        for name, said in (("stdout", done.stdout), ("stderr", done.stderr), ("log", server.process.stderr)):
            found = ACTING.search(said) or re.search("^99:99:99", said, re.MULTILINE)
            if found is not None:
                yield f"crowd {' '.join(words)}: {name} passes on {found.group()!r}"


def run(server: Server, cases: int, seeded: int) -> tuple[int, list[str]]:
    """So many cases of each kind; how many there were, and what was wrong."""
    random = Random(seeded)
    faults = [*bodies(server, random, cases), *uploads(server, random, cases), *escapes(server, random, cases)]
    return 3 * cases, [*faults, *_left_over(server)]


def _sent(server: Server, method: str, path: str, document: dict[str, Any], told: str, **body: Any) -> Iterator[str]:
    headers = {"Authorization": f"Bearer {document['token']}"}
    if isinstance(body.get("data"), bytes):
        headers["Content-Type"] = "application/json"
    try:
        reply = server.session.request(method, server.url + path, headers=headers, timeout=60, **body)
    except requests.ConnectionError:  # refused before all of it was sent
        return
    if reply.status_code not in RIGHT:
        yield f"{method} {path} with {told}: {reply.status_code} {reply.text[:200]}"


def _served(server: Server, document: dict[str, Any], path: str) -> Iterator[str]:
    try:
        server.healthy()
    except (AssertionError, requests.RequestException, json.JSONDecodeError) as error:
        yield f"not well after {path} of agent {document['agent']}: {type(error).__name__} {error}"


def _left_over(server: Server) -> Iterator[str]:
    """Files that no work names are gone."""
    kept, end = 0, time.monotonic() + 60
    while time.monotonic() < end:
        folder = server.machine.data_dir / "files"
        kept = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if kept <= MEGABYTE:
            return
        time.sleep(0.5)
    yield f"{kept:,} bytes of files are left of work that was refused or given back"
