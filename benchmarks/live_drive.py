"""The driver of the live rows, a process of its own: `python -m benchmarks.live_drive ACTION URL --server PID …`.

Prints one line of JSON: numbers by name, and `faults`, one line for everything that was lost, came twice or out of
order, or was not as it has to be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import time
import warnings
from collections.abc import Awaitable, Callable
from random import Random

import aiohttp

from benchmarks.drive import own_cpu, percentile
from benchmarks.live_people import Person, Traffic, more_files, pairs
from benchmarks.processes import cpu_seconds, memory
from crowdcore.server.http.serve import new_event_loop

EVERY = 2.0
"""Seconds between two messages of one person."""
LAST = 10.0
"""Seconds that the last messages may take."""

Numbers = dict[str, float]


async def talk(http: aiohttp.ClientSession, words: argparse.Namespace, traffic: Traffic) -> Numbers:
    """So many pairs, a message every two seconds from each person, each at their own moment."""
    people = await pairs(http, words.url, words.pairs, "talk", traffic)
    spent, own = cpu_seconds(words.server), own_cpu()
    await _chat(people, words.seconds)
    spent, own = cpu_seconds(words.server) - spent, own_cpu() - own
    await _all_heard(people, traffic)
    return {
        "p50_ms": percentile(traffic.took, 50), "p99_ms": percentile(traffic.took, 99),
        "most_ms": max(traffic.took) * 1000, "messages_per_second": traffic.relayed / words.seconds,
        "server_share": spent / words.seconds, "driver_share": own / words.seconds,
    }  # fmt: skip


async def flood(http: aiohttp.ClientSession, words: argparse.Namespace, traffic: Traffic) -> Numbers:
    """So many pairs; each person says the next thing when the last one has come back."""
    people = await pairs(http, words.url, words.pairs, "flood", traffic)
    going = True
    said: set[asyncio.Task[None]] = set()

    def again(person: Person) -> Callable[[], None]:
        def say() -> None:
            if going:
                task = asyncio.create_task(person.say())
                said.add(task)
                task.add_done_callback(said.discard)

        return say

    for person in people:
        person.echoed = again(person)
        person.echoed()
    await asyncio.sleep(1.0)
    relayed, spent, own = traffic.relayed, cpu_seconds(words.server), own_cpu()
    began = time.perf_counter()
    await asyncio.sleep(words.seconds)
    relayed, seconds = traffic.relayed - relayed, time.perf_counter() - began
    spent, own = cpu_seconds(words.server) - spent, own_cpu() - own
    going = False
    await _all_heard(people, traffic)
    return {
        "messages_per_second": relayed / seconds, "server_cpu_us": spent / relayed * 1e6,
        "driver_cpu_us": own / relayed * 1e6, "p50_ms": percentile(traffic.took, 50),
        "p99_ms": percentile(traffic.took, 99),
    }  # fmt: skip


async def idle(http: aiohttp.ClientSession, words: argparse.Namespace, traffic: Traffic) -> Numbers:
    """So many people in conversations, nobody says anything: the server's memory for each."""
    first = await pairs(http, words.url, 50, "first", traffic)
    await asyncio.gather(*(person.say() for person in first))
    await _all_heard(first, traffic)
    before = memory(words.server)
    await pairs(http, words.url, words.pairs, "idle", traffic)
    await asyncio.sleep(2.0)
    added = memory(words.server) - before
    return {"before_mb": before, "kb_per_socket": added * 1e6 / 1024 / (2 * words.pairs)}


async def arrive(http: aiohttp.ClientSession, words: argparse.Namespace, traffic: Traffic) -> Numbers:
    """So many people at the same instant, each a POST and a socket: until the last one is in a conversation."""
    people = [Person(http, words.url, f"arrive-{n}", traffic) for n in range(2 * words.pairs)]

    async def come(person: Person) -> float:
        await person.enter()
        await person.open()
        return await person.began

    began, spent = time.perf_counter(), cpu_seconds(words.server)
    seated = await asyncio.wait_for(asyncio.gather(*(come(person) for person in people)), 120)
    spent = cpu_seconds(words.server) - spent
    return {"seated_s": max(seated) - began, "server_cpu_ms": spent / len(people) * 1000}


async def meet(http: aiohttp.ClientSession, words: argparse.Namespace, traffic: Traffic) -> Numbers:
    """Beside pairs who talk, two people at a time: from the second one's open socket to both in a conversation."""
    talking = await pairs(http, words.url, words.pairs, "talk", traffic)
    waited: list[float] = []

    async def couples() -> None:
        await asyncio.sleep(1.0)
        for n in range(words.couples):
            one, other = (Person(http, words.url, f"meet-{n}{letter}", traffic) for letter in "ab")
            await one.enter()
            await one.open()
            await one.waits()
            await other.enter()
            present = await other.open()
            waited.extend(at - present for at in await asyncio.wait_for(asyncio.gather(one.began, other.began), 30))
            await asyncio.sleep(0.03)

    await _beside(talking, couples())
    await _all_heard(talking, traffic)
    return {"p50_ms": percentile(waited, 50), "most_ms": max(waited) * 1000}


async def overdue(http: aiohttp.ClientSession, words: argparse.Namespace, traffic: Traffic) -> Numbers:
    """Beside pairs who talk, people for whom nobody comes: how long after its time their timeout comes."""
    talking = await pairs(http, words.url, words.pairs, "talk", traffic)
    late: list[float] = []

    async def alone(number: int) -> None:
        await asyncio.sleep(number * 0.15)
        person = Person(http, words.url, f"lone-{number}", traffic)
        await person.enter()
        await person.open()
        await person.waits()
        assert person.until is not None
        due = time.perf_counter() + person.until - time.time()
        late.append(await asyncio.wait_for(person.began, 60) - due)

    async def all_alone() -> None:
        await asyncio.gather(*(alone(number) for number in range(words.couples)))

    await _beside(talking, all_alone())
    await _all_heard(talking, traffic)
    return {"late_p50_ms": percentile(late, 50), "late_most_ms": max(late) * 1000, "early_ms": -min(0.0, *late) * 1000}


async def close(http: aiohttp.ClientSession, words: argparse.Namespace, traffic: Traffic) -> Numbers:
    """Beside pairs who talk, people who close their tab, or whose browser is gone: when their partners know."""
    talking = await pairs(http, words.url, words.pairs, "talk", traffic)
    known: dict[bool, list[float]] = {False: [], True: []}

    async def closing() -> None:
        for n in range(words.couples):
            abruptly = bool(n % 2)
            async with aiohttp.ClientSession() as own:
                one = Person(own, words.url, f"close-{n}a", traffic)
                other = Person(http, words.url, f"close-{n}b", traffic)
                for person in (one, other):
                    await person.enter()
                    await person.open()
                await asyncio.wait_for(asyncio.gather(one.began, other.began), 30)
                began = await one.leave(abruptly=abruptly)
                known[abruptly].append(await asyncio.wait_for(other.alone, 60) - began)

    await _beside(talking, closing())
    await _all_heard(talking, traffic)
    return {"closed_most_ms": max(known[False]) * 1000, "gone_most_ms": max(known[True]) * 1000}


async def _chat(people: list[Person], seconds: float) -> None:
    """Everybody says something every two seconds, from a moment of their own on."""
    end = time.perf_counter() + seconds
    random = Random(1)  # noqa: S311 - when people speak

    async def one(person: Person, phase: float) -> None:
        at = time.perf_counter() + phase
        while at < end:
            await asyncio.sleep(at - time.perf_counter())
            await person.say()
            at += EVERY

    await asyncio.gather(*(one(person, random.uniform(0, EVERY)) for person in people))


async def _beside(people: list[Person], main: Awaitable[None]) -> None:
    """Let people talk for as long as `main` takes."""
    chatting = asyncio.create_task(_chat(people, 600))
    try:
        await main
    finally:
        chatting.cancel()
        await asyncio.gather(chatting, return_exceptions=True)


async def _all_heard(people: list[Person], traffic: Traffic) -> None:
    """Wait for what is under way; what does not come is lost."""
    end = time.perf_counter() + LAST
    while time.perf_counter() < end:
        if all(person.heard["own"] == person.said for person in people) and traffic.relayed == len(traffic.sent):
            return
        await asyncio.sleep(0.05)
    traffic.faults.append(f"{len(traffic.sent)} messages sent, {traffic.relayed} came to the partner")
    for person in people:
        if person.heard["own"] != person.said:
            traffic.faults.append(f"{person.name} sent {person.said} messages, {person.heard['own']} came back")


ACTIONS = {function.__name__: function for function in (talk, flood, idle, arrive, meet, overdue, close)}


async def act(words: argparse.Namespace) -> dict[str, object]:
    """One action in a session of its own."""
    traffic = Traffic()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        numbers = await ACTIONS[words.action](http, words, traffic)
        traffic.over = True
    return {**numbers, "faults": traffic.faults[:20]}


def main() -> None:
    """The driver as a process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("url")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--couples", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--server", type=int, required=True, help="process id of the server")
    words = parser.parse_args()
    more_files()
    warnings.simplefilter("ignore", ResourceWarning)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # who leaves abruptly closes nothing: aiohttp tells of it
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print(json.dumps(runner.run(act(words))))


if __name__ == "__main__":
    main()
