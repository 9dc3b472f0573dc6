"""A submission is answered after its files and its transaction are on the disk: seen from outside, by strace."""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from crowdcore.store import open_database
from tests.chaos.server import Machine

SUBMISSIONS = 8
"""More than heartbeats and other writers could fsync for by chance, at one every two seconds."""
CALLS = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2"
TASK = f"""
task: {{name: durable, reward: 0.25}}
blueprint: {{type: mock, num_assignments: {SUBMISSIONS}}}
architect: {{type: local, port: 0}}
"""
_LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. (?P<again>\w+) resumed>)?(?P<text>.*)")


def test_each_acknowledgement_comes_after_an_fsync_of_its_file_and_of_the_database(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.fail("this test watches system calls: apt-get install strace")
    machine = Machine(tmp_path)
    (machine.task / "task.yaml").write_text(TASK)
    trace = tmp_path / "trace.txt"
    asyncio.run(_work(machine, trace))
    calls = _read(trace)
    for agent in range(1, SUBMISSIONS + 1):
        between = _between_request_and_answer(calls, agent)
        file = _first(between, r"f(data)?sync\(\d+<.*/files/incoming/[^>]*\.part>\) += 0")
        name = _first(between, r"rename.*/files/incoming/.* = 0", after=file)
        folder = _first(between, r"f(data)?sync\(\d+<.*/files/[^>]*>\) += 0", after=name)
        _first(between, r"f(data)?sync\(\d+<.*/crowd\.db-wal>\) += 0", after=folder)


def test_the_database_of_a_run_is_set_to_sync_at_every_commit(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    (machine.task / "task.yaml").write_text(TASK)

    async def launch() -> None:
        async with machine.crowd("run", "task.yaml", "--no-open") as server:
            assert await server.url() is not None, machine.complaints()

    asyncio.run(launch())
    database = open_database(None, machine.data, create=False)
    try:
        assert database.write(lambda c: (c.value("PRAGMA journal_mode"), c.value("PRAGMA synchronous"))) == ("wal", 2)
    finally:
        database.close()


async def _work(machine: Machine, trace: Path) -> None:
    """One worker submits everything, a file with each, while strace writes down what the server does."""
    strace = ("strace", "-f", "-qq", "-y", "-s", "80", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(trace))
    async with machine.crowd("run", "task.yaml", "--no-open", under=strace) as server:
        url = await server.url()
        assert url is not None, machine.complaints()
        async with aiohttp.ClientSession(base_url=url) as http:
            for n in range(SUBMISSIONS):
                async with http.post("api/v1/agents", json={"params": {"worker_id": "x"}}) as reply:
                    document = await reply.json()
                form = aiohttp.FormData()
                form.add_field("data", '{"text": "hello"}')
                form.add_field("file", f"content {n}".encode() * 1000, filename="a.txt")
                headers = {"Authorization": f"Bearer {document['token']}"}
                async with http.post(f"api/v1/agents/{document['agent']}/submit", data=form, headers=headers) as reply:
                    assert reply.status == 200, await reply.text()
        await machine.run("stop", "--now", "durable-1")
        await asyncio.wait_for(server.said(), 30)


@dataclass(frozen=True)
class Call:
    """One system call: `began` and `ended` are places in the order in which they were seen."""

    text: str
    began: int
    ended: int


def _read(trace: Path) -> list[Call]:
    """The calls of all threads; those that were interrupted by another thread's are put together."""
    calls: list[Call] = []
    begun: dict[str, tuple[str, int]] = {}
    for place, line in enumerate(trace.read_text(errors="replace").splitlines()):
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        thread, text, began = match["thread"], match["text"], place
        if match["again"]:
            start, began = begun.pop(thread, ("", place))
            text = start + text
        if text.endswith("<unfinished ...>"):
            begun[thread] = (text.removesuffix("<unfinished ...>").rstrip(), began)
        else:
            calls.append(Call(text, began, place))
    return calls


def _between_request_and_answer(calls: list[Call], agent: int) -> list[Call]:
    """What was begun after the request of this agent's submission was read, and done before its answer was sent."""
    path = f"POST /api/v1/agents/{agent}/submit"
    request = next(c for c in calls if path in c.text and re.match("read|recv", c.text))
    socket = re.search(r"\((\d+<[^>]*>+)", request.text)
    assert socket is not None
    answer = next(
        c for c in calls
        if c.began > request.ended and re.match(r"(write|writev|sendto|sendmsg)\(", c.text)
        and socket[1] in c.text and "HTTP/1.1 200" in c.text
    )  # fmt: skip
    return [c for c in calls if c.began > request.ended and c.ended < answer.began]


def _first(calls: list[Call], pattern: str, after: Call | None = None) -> Call:
    """The first call that looks so and begins when `after` is done."""
    start = -1 if after is None else after.ended
    for call in calls:
        if call.began > start and re.match(pattern, call.text):
            return call
    raise AssertionError(f"no {pattern} among {[c.text for c in calls]}")
