"""From the worker API to the export: two people, one with a ParlAI stand-in, one with an agent that the world made."""

from __future__ import annotations

import importlib.metadata
import sys
import tempfile
from pathlib import Path
from typing import Any

from crowdcore.testing import LivePerson, Machine

HERE = Path(__file__).parent
Expected = dict[str, list[Any]]


def main() -> None:
    """Run the three talks; AssertionError at the first thing that is not as it should be."""
    print(f"ParlAI {importlib.metadata.version('parlai')}, torch {importlib.metadata.version('torch')}")
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder), sys.executable)
        task = str(HERE / "task.yaml")
        with machine.serve("run", task, "architect.port=0", timeout=120) as served:
            print("\ntwo people in a world that subclasses parlai.core.worlds.World")
            together(served.url)
            print("\none person, and the bot parlai with the model repeat_query as stand-in")
            alone(served.url, "cora", "Hello, who are you?", "Hello, who are you?")
        reduced = [task, "architect.port=0", "task.name=parlai-reduced", "pairing.on_timeout=launch_reduced"]
        with machine.serve("run", *reduced, timeout=120) as served:
            print("\none person (launch_reduced), and ParlAI's agent fixed_response that the world brings along")
            alone(served.url, "dora", "Hello?", "Let us say so.")
        rows = machine.exported("parlai-check") + machine.exported("parlai-reduced")
    print("\nthe export")
    for row in rows:
        data = row["data"]
        said = [[m["sender"], m["person"], (m["bot"] or {}).get("model"), m["text"]] for m in data["messages"]]
        print(f"  {row['worker']}: {said}")
        acts = data["world"]["custom_data"]["acts"]
        assert [act[1] for act in acts] == [m["text"] for m in data["messages"]], "the world kept every act"
        assert {act[0] for act in acts} == {"parlai.core.message"}, "acts are ParlAI's own messages"
    by_bots = [m["bot"]["model"] for row in rows for m in row["data"]["messages"] if m["bot"]]
    assert by_bots == ["repeat_query"] * 2, "what the stand-in said is marked"
    assert [row["worker"] for row in rows] == ["anna", "bert", "cora", "dora"]
    print("\nfine: ParlAI's worlds and agents work")


def together(url: str) -> None:
    """Two people, two rounds."""
    people = [LivePerson(url, name) for name in ("anna", "bert")]
    for number in (1, 2):
        for person in people:
            person.wait("turn", who=you(person))
            person.say({"text": f"{person.name} says {number}"})
    for person in people:
        finish(person)
        assert person.texts() == ["anna says 1", "bert says 1", "anna says 2", "bert says 2"], person.texts()


def alone(url: str, name: str, text: str, answer: str) -> None:
    """One person; what answers is the same each time."""
    person = LivePerson(url, name)
    for _ in range(2):
        person.wait("turn", timeout=30, who="Person 1")
        person.say({"text": text})
    finish(person)
    assert person.texts() == [text, answer] * 2, person.texts()


def you(person: LivePerson) -> str:
    """The display name of a person."""
    return str(next(f["you"] for f in reversed(person.frames) if f["type"] == "status"))


def finish(person: LivePerson) -> None:
    """Wait for the end, and hand in."""
    person.wait("status", timeout=30, phase="finish")
    assert person.submit({}).status_code == 200
    print(f"  {person.name}: {person.texts()}, submitted")
    person.close()


if __name__ == "__main__":
    main()
