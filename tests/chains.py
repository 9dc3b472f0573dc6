"""Stand-ins as a run has them: from its configuration, with its records, without a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crowdcore.bots import Act
from crowdcore.plugins import RunPlugins
from crowdcore.plugins.stand_ins import Failure, StandIns, make_bots
from tests.plugins.conftest import ARCHITECT, Runs, Task


class Talk:
    """One conversation with the stand-ins of a run; `failures` are those so far, `at` who has the seat."""

    def __init__(self, stand_ins: StandIns, item: Any = None) -> None:
        self.stand_ins = stand_ins
        self.item = item
        self.said: list[Act] = []
        self.at = 0
        self.failures: list[Failure] = []

    def say(self, *texts: str, sender: str = "Ann") -> Any:
        """Somebody says these texts; what the stand-in answers, which joins the conversation."""
        self.said += [Act(sender, {"text": text}) for text in texts]
        return asyncio.run(self.answer())

    async def answer(self) -> Any:
        """What the stand-in says now."""
        data, self.at = await self.stand_ins.act(self.item, self.said, "Guest", self.at, self.failures.append)
        if data is not None:
            self.said.append(Act("Guest", data))
        return data


class ChainMaker:
    """Makes runs and the stand-ins of them; `restart` makes those of the same run as a new process would."""

    def __init__(self, task: Task, runs: Runs) -> None:
        self.task = task
        self._runs = runs
        self._last: Any = None

    def __call__(self, *bots: dict[str, Any] | str) -> StandIns:
        """The stand-ins of a new run, prepared."""
        listed = [{"type": bot} if isinstance(bot, str) else bot for bot in bots]
        config = self.task.load(pairing={"stand_in": json.loads(json.dumps(listed))})
        self._last = config, self._runs.services(config)
        return self.restart()

    def restart(self) -> StandIns:
        """New objects for the last run."""
        config, services = self._last
        made = StandIns(make_bots(RunPlugins(config), services))
        asyncio.run(made.prepare())
        return made


@contextmanager
def chains(folder: Path) -> Iterator[ChainMaker]:
    """A maker of stand-ins, with a database in `folder`."""
    task = Task(folder / "task")
    task.folder.mkdir()
    task.write("here.py", ARCHITECT)
    task.config = {
        "blueprint": {"type": "mock"}, "provider": {"type": "mock"}, "architect": {"type": "./here.py:Here"},
    }  # fmt: skip
    runs = Runs(folder / "data")
    try:
        yield ChainMaker(task, runs)
    finally:
        runs.db.close()


def texts(acts: Sequence[Act]) -> list[str]:
    """What was said."""
    return [act.data["text"] for act in acts]
