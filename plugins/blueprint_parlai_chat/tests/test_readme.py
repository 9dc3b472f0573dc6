"""The README's first conversation is followed to the letter: its files are written, its commands run."""

from __future__ import annotations

import json
import re
from pathlib import Path

from crowdcore.testing import LivePerson, Machine

README = Path(__file__).parents[1] / "README.md"
FILE = re.compile(r"^(?:.* )?`([\w.]+)`:\n\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)```$", re.MULTILINE | re.DOTALL)


def test_the_first_conversation_works_as_written(tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    files = dict(FILE.findall(text.partition("## The world")[0]))
    assert set(files) == {"task.yaml", "worlds.py"}
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")
    run, export = (line.split()[1:] for line in COMMANDS.findall(text)[0].splitlines())
    machine = Machine(tmp_path)
    with machine.serve(*run, "architect.port=0", "--no-open") as served:
        x = LivePerson(served.url, "x", assignment_id="1")
        y = LivePerson(served.url, "y", assignment_id="2")
        x.wait("status", status="in_task")
        for _ in range(2):
            for person in (x, y):
                person.say({"text": f"{person.name} was here"})
        for person in (x, y):
            person.wait("status", phase="finish")
            assert person.submit({}).status_code == 200
        assert served.wait() == 0
    assert machine.crowd(*export).returncode == 0
    rows = [json.loads(line)["data"] for line in (tmp_path / "talks.jsonl").read_text("utf-8").splitlines()]
    for row in rows:
        assert [message["text"] for message in row["messages"]] == ["x was here", "y was here"] * 2
        assert row["world"]["custom_data"] == {"turns": 2}


def test_the_example_runs_both_ways(tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "examples" / "parlai_chat" / "task.yaml"
    machine = Machine(tmp_path)
    for on_timeout, partner in (("stand_in", "Night owl"), ("launch_reduced", "Town guide")):
        words = ("architect.port=0", "pairing.timeout=0.2s", f"pairing.on_timeout={on_timeout}", "--no-open")
        with machine.serve("run", str(example), *words) as served:
            person = LivePerson(served.url, "x")
            for _ in range(3):
                person.wait("turn", who="Early bird")
                person.say({"text": "A boat in the morning?"})
            form = person.wait("form")
            person.say({"form": form["id"], "answers": {"q1": "take the boat", "q2": "morning"}})
            person.wait("status", phase="finish")
            assert person.submit({"fair": 4, "partner": "a program"}).status_code == 200
            assert partner in {frame["sender"] for frame in person.frames if frame["type"] == "message"}
