"""kill -9 in the middle of conversations: the worlds go on where they were, with the same counters and choices."""

from __future__ import annotations

import re
import socket

from crowdcore.testing import LivePerson, Machine, until

WORLDS = """
import random
from random import choice

from blueprint_parlai_chat.worlds import AgentTimeoutError, CrowdTaskWorld
from rules import WORDS

DRAWN = random.random()


class World(CrowdTaskWorld):
    def __init__(self, opt, agents):
        super().__init__(opt, agents)
        self.count = 0
        self.word = choice(WORDS)
        random.shuffle(self.agent)
        self.agent[0].agent_id = "First"

    def parley(self):
        self.count += 1
        first, second = self.agent
        try:
            act = first.act(timeout=0.01)
        except AgentTimeoutError:
            while (act := first.act()) is None:
                pass
        dice = [random.randint(1, 6) for _ in range(3)]
        for agent in self.agent:
            agent.observe(act)
            agent.observe({"id": "Dice", "text": f"{self.count} {self.word} {dice}"})
        self.agent.reverse()
        self.episodeDone = act["text"] == "end"

    def get_custom_task_data(self):
        return [self.count, self.word]


def make_world(opt, agents):
    return World(opt, agents)


def get_world_params():
    return {"agent_count": 2}
"""
TASK = """
task: {name: talk}
blueprint: {type: parlai_chat, world_file: worlds/chat.py, num_conversations: 50}
provider: {type: mock}
"""
PAIRS = 50


def told(person: LivePerson) -> list[str]:
    return [text for text in person.texts() if re.match(r"\d+ ", text)]


def speak(people: list[LivePerson], text: str, count: int) -> None:
    """All say it; a world takes one's now, the other's next time."""
    for person in people:
        person.say({"text": text})
    for person in people:
        until(lambda p=person: len(told(p)) >= count)


def test_worlds_go_on_with_the_same_counters_and_choices(tmp_path) -> None:
    worlds = tmp_path / "worlds"
    worlds.mkdir()
    (worlds / "chat.py").write_text(WORLDS)
    (worlds / "rules.py").write_text("WORDS = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove']\n")
    (tmp_path / "task.yaml").write_text(TASK)
    machine = Machine(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]  # of both processes: pages come back to where they were
    with machine.serve("run", "task.yaml", f"architect.port={port}") as served:
        people = [LivePerson(served.url, f"{n}") for n in range(2 * PAIRS)]
        for person in people:
            person.wait("status", status="in_task")
        speak(people, "one", 2)
        served.kill()
    before = [told(person) for person in people]
    assert len({texts[0].split()[1] for texts in before}) > 3, "each conversation draws its own"
    for file in worlds.glob("*.py"):
        file.write_text("raise SystemExit('the files of the launch are used')\n")
    with machine.serve("resume"):
        for person in people:
            person.connect()
            person.wait("status", status="in_task")
        speak(people, "two", 4)
        for person, texts in zip(people, before, strict=True):
            after = told(person)
            assert after[:2] == texts, "nothing is told twice"
            assert [line.split()[0] for line in after] == ["1", "2", "3", "4"]
            assert {line.split()[1] for line in after} == {texts[0].split()[1]}
        one, two = people[:2]
        speak([one, two], "end", 5)
        assert one.wait("status", phase="finish")
        assert one.submit({}).status_code == 200
    [row] = [row for row in machine.exported("talk") if row["worker"] == one.name]
    assert row["data"]["world"]["custom_data"] == [5, before[0][0].split()[1]]
    assert [message["text"] for message in row["data"]["messages"]] == one.texts()
