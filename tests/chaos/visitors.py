"""People of all sorts at a live run: they wait, talk, reload, walk away, give back, come again and submit."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.talkers import Party, Stay, enter

SHORT, LONG = 3.0, 30.0
"""Seconds that somebody waits before going home, or for what must come."""
OVER = ("run_over", "too_many_units")


@dataclass
class Visitor:
    """One person; `stays` has each stay at each piece of work, in order, `submitted` what was acknowledged by agent."""

    party: Party
    name: str
    rng: Random
    stays: dict[int, list[Stay]] = field(default_factory=lambda: defaultdict(list))
    submitted: dict[int, Any] = field(default_factory=dict)

    async def come_and_go(self, visits: int) -> None:
        """So many times, then once more to leave nothing open."""
        for _ in range(visits):
            stay = await self._enter()
            if stay is None:
                return
            await self._stay(stay)
            await stay.go()
            await asyncio.sleep(self.rng.uniform(0, 0.3))
        last = await self._enter()
        if last is not None:
            await self._close(last)
            await last.go()

    async def _enter(self) -> Stay | None:
        while True:
            status, document = await enter(self.party, self.name)
            if status in (200, 201):
                stay = Stay(self.party, self.name, document)
                self.stays[stay.agent].append(stay)
                return stay
            if document["code"] in OVER:
                return None
            if document["code"] != "no_available_units":
                self._fault(f"is answered {status} {document}")
                return None
            await asyncio.sleep(0.2)

    async def _stay(self, stay: Stay) -> None:
        if self.rng.random() < 0.1:
            await asyncio.sleep(self.rng.uniform(0, 1.5))  # closed again before it was loaded
            return
        stay.come()
        if not await stay.until(lambda: stay.phase != "waiting", self.rng.uniform(0.5, SHORT)):
            if self.rng.random() < 0.4:
                self._expect((204, 409), await stay.give_back(), "gives back while waiting")
            return
        for _ in range(self.rng.randrange(1, 6)):
            if stay.phase != "work":
                break
            chance = self.rng.random()
            if chance < 0.08:
                return  # gone, perhaps for longer than is waited for
            if chance < 0.12:
                self._expect((204, 409), await stay.give_back(), "gives back in the middle")
                return
            if chance < 0.25:
                await stay.go()
                stay.come()
            await stay.passed_on(await stay.say({"text": f"{self.name} {self.rng.random()}"}), LONG)
        await self._close(stay)

    async def _close(self, stay: Stay) -> None:
        """Bring it to an end, whatever it is."""
        stay.come()
        if not await stay.until(lambda: stay.phase != "waiting", 0.5):
            self._expect((204, 409), await stay.give_back(), "gives back at the end")
            return
        while stay.phase == "work":
            if not await stay.passed_on(await stay.say({"text": "bye", "bye": True}), LONG):
                self._fault(f"says bye to agent {stay.agent}, and nothing happens")
                return
        await stay.until(lambda: stay.quiet, LONG)
        data = {"text": f"{self.name}: {self.rng.random()}"}
        if stay.phase == "finish":
            status = await stay.submit(data)
            self._expect((200, 409), status, "submits")
            if status == 200:
                self.submitted.setdefault(stay.agent, data)
                self.party.acknowledge()

    def _expect(self, wanted: tuple[int, ...], status: int, doing: str) -> None:
        if status not in wanted:
            self._fault(f"{doing}: {status}")

    def _fault(self, text: str) -> None:
        self.party.faults.append(f"{self.name} {text}")

    def acknowledged(self) -> dict[int, dict[str, Any]]:
        """The data of every acknowledged message, by agent and id, in order."""
        found: dict[int, dict[str, Any]] = {}
        for agent, stays in self.stays.items():
            for stay in stays:
                found.setdefault(agent, {}).update(stay.acknowledged)
        return found

    def inconsistent(self) -> Iterator[str]:
        """What was told differently the second time, twice, or out of the world's count."""
        for agent, stays in self.stays.items():
            longest = max((stay.frames for stay in stays), key=len)
            if any(stay.frames != longest[: len(stay.frames)] for stay in stays):
                yield f"{self.name}: agent {agent} was told other things when they came again"
            messages = [frame for frame in longest if frame["type"] == "message"]
            ids = [frame["id"] for frame in messages]
            if len(set(ids)) != len(ids):
                yield f"{self.name}: a message came twice: {ids}"
            counts = [frame["data"]["count"] for frame in messages]
            if counts and counts != list(range(counts[0], counts[0] + len(counts))):
                yield f"{self.name}: agent {agent} was told of messages {counts}"
