"""Somebody who reviews by `crowd review` while everything else goes on, and is killed now and then too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.crew import Log
from tests.chaos.office import PROVIDER, Office
from tests.chaos.server import Machine

AT_ONCE = 12
"""Units in one command, at most."""
BONUS = "0.10"
WORDS = {
    "accepted": ("accept", "--note", "fine"), "soft_rejected": ("soft-reject", "--note", "short"),
    "rejected": ("reject", "--reason", "empty", "--visit"),
}  # fmt: skip


@dataclass
class Reviewer:
    """Decides on every unit as `outcome` says; what was acknowledged is on the disk before it goes on."""

    machine: Machine
    office: Office
    seed: int
    task: str = "chaos"
    outcomes: dict[int, str] = field(default_factory=dict)
    """Acknowledged outcomes by unit."""
    faults: list[str] = field(default_factory=list)
    killed: int = 0
    doubts: int = 0

    def __post_init__(self) -> None:
        self._rng = Random(f"reviewer {self.seed}")
        self._log = Log(self.machine.folder / "reviewed.jsonl")
        self._broken_off: list[tuple[str, ...]] = []

    def __str__(self) -> str:
        paid = len(self.office.done("pay"))
        return f"{len(self.outcomes)} reviews acknowledged, {self.killed} killed; {paid} paid, {self.doubts} in doubt"

    def outcome(self, unit: int) -> str:
        """What this unit is to become, whoever asks and when."""
        return Random(f"{self.seed}/{unit}").choices([*WORDS], (6, 2, 2))[0]

    def bonus(self, unit: int) -> bool:
        """Whether this unit gets a bonus."""
        return self.outcome(unit) == "accepted" and unit % 4 == 0

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Reviews meanwhile."""
        task = asyncio.create_task(self._work())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _work(self) -> None:
        """Until cancelled."""
        while True:
            await self.round(killed=self._rng.random() < 0.3)
            await asyncio.sleep(self._rng.uniform(0.1, 0.4))

    async def finish(self) -> None:
        """Everything that is left, and a word on everything that is in doubt.

        What was broken off is said again, as people would: its units may be decided, and their visits not rejected yet.
        """
        self.office.kind = True
        broken_off, self._broken_off = self._broken_off, []
        for words in broken_off:
            await self._crowd(*words)
        while await self.round(most=1000):
            pass
        while await self._look_at_doubts():
            pass

    async def round(self, *, killed: bool = False, most: int = AT_ONCE) -> int:
        """Decide on some of what waits, or be `killed` in the middle; how many were acknowledged."""
        listed = await self._crowd("list", self.task, "--json")
        waiting = [row["unit"] for row in json.loads(listed)] if listed else []
        done = 0
        for words, units in self._batches(waiting[:most]):
            if await self._crowd(*words, *map(str, units), killed=killed) is not None:
                done += len(units)
                for unit in units:
                    self.outcomes[unit] = self.outcome(unit)
                    self._log.add({"unit": unit, "outcome": self.outcome(unit)})
        return done

    def _batches(self, waiting: list[int]) -> Iterator[tuple[tuple[str, ...], list[int]]]:
        for outcome, words in WORDS.items():
            for bonus in (False, True):
                units = [unit for unit in waiting if self.outcome(unit) == outcome and self.bonus(unit) == bonus]
                if units:
                    yield (*words, *(("--bonus", BONUS, "--reason", "care") if bonus else ())), units

    async def _crowd(self, *words: str, killed: bool = False) -> str | None:
        """What `crowd review WORDS…` printed; None if it was killed or there was nothing to review yet."""
        if words[0] != "list":
            self._broken_off.append(words)
        async with self.machine.crowd("review", *words) as command:
            if killed:
                await asyncio.sleep(self._rng.uniform(0, 0.5))
                if command.process.returncode is None:
                    await command.kill()
                    self.killed += 1
                    return None
            said = await command.said()
            code = await command.process.wait()
        if words[0] != "list":
            self._broken_off.remove(words)
        if code == 0:
            return said
        if words[0] != "list":  # there may be no run yet
            self.faults.append(f"crowd review {' '.join(words)} exits {code}: {self.machine.complaints()[-500:]}")
        return None

    async def _look_at_doubts(self) -> int:
        """What was never heard of again: ask the office, and say so; how many there were."""
        rows: list[dict[str, Any]] = json.loads(await self.machine.run("outbox", self.task, "--json"))
        words: list[str] = []
        for row in rows:
            kind = "pay" if row["kind"] in ("reward", "bonus") else row["kind"]
            key = row["key"] if kind == "pay" else row["visit"]
            words += ["--arrived" if self.office.done(kind)[key] else "--again", row["key"]]
        if words:
            await self.machine.run("outbox", self.task, *words)
        self.doubts += len(rows)
        return len(rows)

    def compare(self, exported: list[dict[str, Any]], reward: float) -> Iterator[str]:
        """What is wrong with outcomes and money after the last word on everything."""
        yield from self.faults
        office = self.office
        now = {row["unit"]: row["status"] for row in exported}
        for unit, outcome in self.outcomes.items():
            if now.get(unit) != outcome:
                yield f"unit {unit} was acknowledged as {outcome}, it is {now.get(unit)}"
        yield from (f"unit {unit} was not reviewed" for unit, status in now.items() if status == "completed")
        for what in ("pay", "approve", "reject"):
            yield from (f"{what} {key} was done {n} times" for key, n in office.done(what).items() if n > 1)
        paid = {entry["key"]: (entry["worker"], float(entry["amount"])) for entry in office.asked if "amount" in entry}
        for row in exported:
            pay = paid.pop(f"reward:agent:{row['agent']}", None)
            if pay is None and row["status"] != "rejected":
                yield f"the reward of unit {row['unit']} ({row['status']}) was not paid"
            if pay is not None and pay != (row["worker"], reward):
                yield f"the reward of unit {row['unit']} by {row['worker']} was paid as {pay}"
        bonuses = {key.split(":")[2]: pay for key, pay in paid.items() if key.startswith("bonus:unit:")}
        wanted = {str(row["unit"]): (row["worker"], float(BONUS)) for row in exported if self.bonus(row["unit"])}
        if bonuses != wanted:
            yield f"bonuses: {bonuses}, not {wanted}"
        if other := [key for key in paid if not key.startswith(("bonus:unit:", "waiting:agent:"))]:
            yield f"paid for nothing: {other}"
        for row in exported:  # each the only unit of its visit
            asked = [what for what in ("approve", "reject") if office.done(what)[row["visit"]]]
            if asked != (["reject"] if row["status"] == "rejected" else ["approve"]):
                yield f"of visit {row['visit']}, whose unit is {row['status']}, the office was told: {asked}"


@asynccontextmanager
async def reviewing(machine: Machine, seed: int) -> AsyncIterator[Reviewer]:
    """A reviewer of the machine's task, and an office that pays; its provider is in the task's folder."""
    office = Office(machine.folder / "office.jsonl", seed)
    (machine.task / "payroll.py").write_text(PROVIDER.format(url=await office.open()))
    try:
        yield Reviewer(machine, office, seed)
    finally:
        await office.close()
