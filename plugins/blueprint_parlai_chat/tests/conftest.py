"""Conversations with a world of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from crowdcore import ConfigError, RunHandle
from crowdcore.base.clock import Clock
from crowdcore.testing import LivePerson, serve, stored

COUNT = '\n\ndef get_world_params():\n    return {"agent_count": %d}\n'


class Chats:
    """A task's folder with a world file: write it, then launch it."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._stack = stack
        self._launches = 0

    def write(self, name: str, content: str) -> Path:
        """A file of the task."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content), "utf-8")
        return path

    def world(self, source: str, people: int = 2) -> None:
        """The world file; `get_world_params` is added, unless it has one."""
        text = dedent(source)
        self.write("worlds.py", text if "def get_world_params" in text else text + COUNT % people)

    def task(self, **sections: Any) -> Path:
        """task.yaml: these sections over a plain one."""
        config = {
            "task": {"name": "talk", "assignment_duration": 600},
            "blueprint": {"type": "parlai_chat", "world_file": "worlds.py"},
            "provider": {"type": "mock"}, "architect": {"type": "local", "port": 0},
        }  # fmt: skip
        for name, section in sections.items():
            config[name] = {**config.get(name, {}), **section}
        if not any(key in config["blueprint"] for key in ("context_csv", "context_jsonl", "num_conversations")):
            config["blueprint"]["num_conversations"] = 5
        return self.write("task.yaml", json.dumps(config))

    def launch(self, *, clock: Clock | None = None, **sections: Any) -> RunHandle:
        """A served run; stopped at the test's end."""
        return self._stack.enter_context(self.serving(clock=clock, **sections))

    def serving(self, *, clock: Clock | None = None, **sections: Any) -> AbstractContextManager[RunHandle]:
        """The same for a `with`."""
        self._launches += 1
        return serve(self.task(**sections), data_dir=self.data_dir, clock=clock)

    @property
    def data_dir(self) -> Path:
        """Where the last launch keeps its data."""
        return self.path / f"data-{self._launches}"

    def person(self, run: RunHandle, name: str) -> LivePerson:
        """Somebody who comes, and is connected; gone at the test's end."""
        person = LivePerson(run.url, name)
        self._stack.callback(person.close)
        return person

    def pair(self, run: RunHandle) -> tuple[LivePerson, LivePerson]:
        """Two people whose conversation has begun: Person 1 and Person 2."""
        one, two = self.person(run, "one"), self.person(run, "two")
        for person in (one, two):
            person.wait("status", status="in_task")
        return one, two

    def kept(self, run: RunHandle, person: LivePerson) -> dict[str, Any]:
        """What review and exports have of somebody's work."""
        with stored(run.name, data_dir=self.data_dir) as found:
            parsed: dict[str, Any] = found.agent(person.agent).state.get_parsed_data()
            return parsed

    def faults(self, **sections: Any) -> list[str]:
        """What a launch says that is refused, without the folder's path."""
        with pytest.raises(ConfigError) as refusal:
            self.launch(**sections)
        return [line.replace(f"{self.path}/", "") for line in refusal.value.problems]


@pytest.fixture
def chats(tmp_path: Path) -> Iterator[Chats]:
    """The task's folder."""
    with ExitStack() as stack:
        yield Chats(tmp_path, stack)


Play = Callable[..., tuple[LivePerson, LivePerson]]


@pytest.fixture
def play(chats: Chats) -> Play:
    """`one, two = play(parley)`: two people in a world with this body of `parley`; it may use a, b, say and done."""

    def begin(parley: str, *, clock: Clock | None = None, **sections: Any) -> tuple[LivePerson, LivePerson]:
        body = "\n".join(f"        {line}" for line in dedent(parley).strip().splitlines())
        chats.world(WORLD.replace("        PARLEY", body))
        return chats.pair(chats.launch(clock=clock, **sections))

    return begin


WORLD = """
from blueprint_parlai_chat.worlds import *

class World(CrowdTaskWorld):
    kept = None

    def parley(self):
        a, b = self.agent

        def say(to, text, **fields):
            to.observe({"id": "World", "text": str(text), **fields})

        def done(kept=None):
            self.kept, self.episodeDone = kept, True

        PARLEY

    def get_custom_task_data(self):
        return self.kept


def make_world(opt, agents):
    return World(opt, agents)
"""
