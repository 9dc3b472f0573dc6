"""Conversations whose world counts and draws at random, and what shows that it never forgot anything.

Every message that the world passes on says how many there were, what was drawn, how often nobody said anything for a
moment, and the hash of all that until then: a world that lost something, or drew again, tells a chain that breaks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

CONVERSATIONS = 50
TURNS = 10
"""Messages of a conversation, both people's together."""

_TASK = """
task: {{name: chaos, reward: 0.25}}
blueprint: {blueprint}
architect: {{type: local, port: 0}}
pairing: {{timeout: 60s}}
"""

_LIVE = f"""
import hashlib

from crowdcore import hookimpl

WORDS = ["red", "green", "blue", "yellow"]


@hookimpl
async def blueprint_live(assignment):
    draw = assignment.random
    secret, chain, quiet = draw.randrange(10**9), "", 0
    patience = 0.03 if assignment.assignment.item["n"] % 2 else None
    for count in range(1, {TURNS} + 1):
        message = None
        while message is None:
            try:
                message = await assignment.receive(timeout=patience)
            except TimeoutError:
                quiet += 1
        choice = draw.choice(WORDS)
        chain = hashlib.sha256(f"{{chain}}/{{count}}/{{choice}}/{{secret}}/{{quiet}}".encode()).hexdigest()
        facts = {{"count": count, "choice": choice, "secret": secret, "quiet": quiet, "chain": chain}}
        data = {{"text": message.data["text"], "task_data": facts}}
        await assignment.send(None, data, sender=message.sender, id=message.id)
"""

_WORLD = f"""
import hashlib
import random

WORDS = ["red", "green", "blue", "yellow"]


class CountingWorld:
    def __init__(self, opt, agents):
        self.agents, self.count, self.chain, self.quiet = agents, 0, "", 0
        self.polls = opt["seed"] % 2
        self.secret = random.randrange(10**9)

    def parley(self):
        for agent in self.agents:
            if self.count < {TURNS}:
                self.pass_on(agent.act(timeout=60))
        if self.polls:
            self.quiet += sum(agent.act() is None for agent in self.agents)

    def pass_on(self, act):
        self.count += 1
        choice = random.choice(WORDS)
        told = f"{{self.chain}}/{{self.count}}/{{choice}}/{{self.secret}}/{{self.quiet}}"
        self.chain = hashlib.sha256(told.encode()).hexdigest()
        facts = {{"count": self.count, "choice": choice, "secret": self.secret, "quiet": self.quiet}}
        for agent in self.agents:
            agent.observe({{"id": "Counter", "text": act["text"], "task_data": {{**facts, "chain": self.chain}}}})

    def episode_done(self):
        return self.count >= {TURNS}

    def shutdown(self):
        pass


def make_world(opt, agents):
    return CountingWorld(opt, agents)


def get_world_params():
    return {{"agent_count": 2}}
"""

_MOCK = f"{{type: mock, num_assignments: {CONVERSATIONS}, units_per_assignment: 2}}"
_CHAT = f"{{type: parlai_chat, world_file: world.py, num_conversations: {CONVERSATIONS}}}"
TASKS = {
    "blueprint_live": {"task.yaml": _TASK.format(blueprint=_MOCK), "hooks.py": _LIVE},
    "parlai_chat": {"task.yaml": _TASK.format(blueprint=_CHAT), "world.py": _WORLD},
}
"""The files of each kind of task."""


def told(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the world said of itself in these frames."""
    return [frame["data"]["task_data"] for frame in messages if "task_data" in frame["data"]]


def broken(said: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with what one person was `told`, one line each."""
    chain, secret, quiet = "", None, 0
    for count, facts in enumerate(said, 1):
        if facts["count"] != count:
            yield f"message {count} counts {facts['count']}"
        if secret not in (None, facts["secret"]):
            yield f"the secret was {secret}, and is {facts['secret']} with message {count}"
        if facts["quiet"] < quiet:
            yield f"it had been quiet {quiet} times, and {facts['quiet']} with message {count}"
        secret, quiet = facts["secret"], facts["quiet"]
        link = f"{chain}/{count}/{facts['choice']}/{secret}/{quiet}"
        chain = hashlib.sha256(link.encode()).hexdigest()
        if facts["chain"] != chain:
            yield f"the chain breaks at message {count}"
            chain = facts["chain"]
    if len(said) != TURNS:
        yield f"was told of {len(said)} of {TURNS} messages"
