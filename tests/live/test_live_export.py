"""A result of people together says who was there, what was said, and whether a person or which bot said it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crowdcore.cli.group import crowd
from crowdcore.testing import Browserless, serve
from tests.live.conftest import Stage


@pytest.fixture
def exported(stage: Stage, database_url: str, tmp_path: Path) -> Any:
    """What `crowd export t` writes: `exported("--bots")`, one dict for each row."""

    def export(*words: str) -> Any:
        options = ["--db", database_url, "--data-dir", str(tmp_path / "data")]
        done = CliRunner().invoke(crowd, [*options, "export", "t", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        if "csv" in words:
            return list(csv.DictReader(io.StringIO(done.stdout)))
        return [json.loads(line) for line in done.stdout.splitlines()]

    return export


def test_rows_of_people_have_their_whole_conversation(stage: Stage, exported: Any) -> None:
    stage.launch(pairing={"roles": ["Teacher", "Pupil"]})
    one, two = stage.pair()
    one.say({"text": "a question"})
    two.wait("message")
    stage.clock.advance(5)
    two.say(["an", "answer"])
    one.wait("message", data=["an", "answer"])
    one.say({"do": "save", "data": {"score": 3}})
    one.wait("ack")
    one.say({"do": "end"})
    for person in (one, two):
        person.wait("status", phase="finish")
        person.submit({"text": person.name})
    rows = exported()
    assert [(row["name"], row["data"], row["kind"], row["bot"]) for row in rows] == [
        ("Teacher", {"text": "one"}, "unit", None), ("Pupil", {"text": "two"}, "unit", None),
    ]  # fmt: skip
    for row in rows:
        assert (row["conversation"], row["conversation_ended"], row["conversation_data"]) == (1, "done", {"score": 3})
        assert row["messages"][:2] == [
            {"sender": "Teacher", "seat": 0, "person": True, "bot": None, "data": {"text": "a question"}, "at": 1e6},
            {"sender": "Pupil", "seat": 1, "person": True, "bot": None, "data": ["an", "answer"], "at": 1e6 + 5},
        ]
    cells = exported("--format", "csv")
    assert [cell["name"] for cell in cells] == ["Teacher", "Pupil"]
    assert json.loads(cells[0]["messages"]) == rows[0]["messages"]


def test_what_a_stand_in_said_names_it_and_its_seat_may_be_a_row(stage: Stage, exported: Any) -> None:
    stage.launch(pairing={"timeout": 30, "on_timeout": "stand_in", "stand_in": [{"type": "echo"}]})
    one = stage.person("one")
    one.wait("status", status="waiting")
    stage.clock.advance(31)
    one.wait("status", status="in_task")
    one.say({"text": "hello"})
    one.wait("message", sender="Person 2")
    one.say({"do": "end"})
    one.wait("status", phase="finish")
    one.submit({"text": "x"})
    [row] = exported()
    mine, its, _ = row["messages"]
    assert (mine["person"], mine["bot"], its["person"], its["sender"]) == (True, None, False, "Person 2")
    assert its["bot"]["name"] == "echo"
    assert set(its["bot"]) == {"name", "model", "version", "instructions"}
    person, bot = exported("--bots")
    assert person == row
    assert (bot["kind"], bot["name"], bot["worker"], bot["provider"]) == ("bot", "Person 2", "echo", "bot")
    assert (bot["bot"], bot["data"], bot["messages"]) == (its["bot"], None, row["messages"])


def test_rows_of_work_alone_stay_as_they_were(tmp_path: Path) -> None:
    config = {"task": {"name": "t"}, "blueprint": {"type": "mock"}, "provider": {"type": "inhouse"}}
    with serve(config, data_dir=tmp_path / "data") as run:
        Browserless(run.url, worker_id="x").enter().submit({"text": "hello"})
        options = ["--data-dir", str(tmp_path / "data")]
        [row] = [json.loads(line) for line in CliRunner().invoke(crowd, [*options, "export", "t"]).stdout.splitlines()]
    assert not {"conversation", "name", "bot", "messages"} & set(row)


LISTENING = """
from dataclasses import dataclass, field
from crowdcore import AgentState, hookimpl
from crowdcore.testing.mock_live import MockLiveBlueprint

@dataclass
class Listener(AgentState):
    heard: list = field(default_factory=list)
    points: int = 0
    people: list = field(default_factory=list)
    me: list = field(default_factory=list)

    def update_data(self, packet):
        self.heard.append([packet["type"], packet["seq"], packet.get("data")])

    def set_conversation(self, conversation):
        self.points = (conversation["data"] or {}).get("points", 0)
        self.people = conversation["people"]
        self.me = [conversation["you"], conversation["status"], conversation["id"]]

    def get_parsed_data(self):
        return {"heard": self.heard, "points": self.points, "people": self.people, "me": self.me, "data": self.data}

class Listening(MockLiveBlueprint):
    @hookimpl
    def agent_state(self):
        return Listener
"""


def test_a_state_knows_what_its_agent_was_told_and_with_whom(stage: Stage, exported: Any, tmp_path: Path) -> None:
    file = tmp_path / "listening.py"
    file.write_text(LISTENING)
    stage.launch(blueprint={"type": f"{file}:Listening"}, pairing={"roles": ["Teacher", "Pupil"]})
    one, two = stage.pair()
    one.say({"do": "context", "context": {"html": "x"}, "to": 0})
    one.say("a")
    one.say({"do": "save", "data": {"points": 7}})
    two.wait("message", data="a")
    two.say("b")
    one.wait("message", data="b")
    assert Browserless(stage.run.url, worker_id="one").enter().document["init"] == {"n": 0}
    one.say({"do": "end"})
    for person in (one, two):
        person.wait("status", phase="finish")
        assert person.submit({"rating": 1}).status_code == 200
    rows = exported()
    nobody = {"person": True, "bot": None}
    people = [
        {"seat": 0, "name": "Teacher", "role": "Teacher", **nobody},
        {"seat": 1, "name": "Pupil", "role": "Pupil", **nobody},
    ]
    assert rows[0]["data"] == {
        "heard": [["context", 1, None], ["message", 2, "a"], ["message", 3, "b"]], "points": 7, "people": people,
        "me": ["Teacher", "ended", 1], "data": {"rating": 1},
    }  # fmt: skip
    assert rows[1]["data"]["heard"] == [["message", 1, "a"], ["message", 2, "b"]]
    assert rows[1]["data"]["me"] == ["Pupil", "ended", 1]
