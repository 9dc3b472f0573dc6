"""The five things that can be done when partners do not come in time: alone, too late, and over a restart."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore.testing import LivePerson, until
from tests.live.conftest import Stage

TIMEOUT = 60.0
OUTCOMES = ["launch_reduced", "stand_in", "release", "requeue", "wait"]
PAIRING: dict[str, Any] = {
    "timeout": TIMEOUT, "stand_in": {"type": "echo", "prefix": "echo: "}, "waiting_pay": "0.05",
    "disconnect_grace": 10,
}  # fmt: skip


def launch(stage: Stage, outcome: str) -> None:
    """A run whose waiting people get `outcome`."""
    stage.launch(pairing={**PAIRING, "on_timeout": outcome}, blueprint={"num_assignments": 3})


def check(stage: Stage, outcome: str, one: LivePerson) -> None:
    """What becomes of somebody who waited alone for long enough."""
    {
        "launch_reduced": _reduced, "stand_in": _stood_in, "release": _released, "requeue": _requeued, "wait": _waits,
    }[outcome](stage, one)  # fmt: skip
    (decided,) = stage.events("pairing_decided")
    assert (decided["decision"], decided["by"]) == (outcome, "pairing.on_timeout")
    assert (decided["waiting"], decided["reason"]) == (1, "1 of 2 came in time")


def _reduced(stage: Stage, one: LivePerson) -> None:
    frame = one.wait("status", status="in_task")
    assert [p["name"] for p in frame["people"]] == ["Person 1"]
    assert [(u["status"], u["reason"]) for u in _units(stage)] == [("assigned", None), ("expired", "launch_reduced")]
    _finish(stage, one)


def _stood_in(stage: Stage, one: LivePerson) -> None:
    frame = one.wait("status", status="in_task")
    assert [(p["name"], p["bot"]) for p in frame["people"]] == [("Person 1", False), ("Person 2", True)]
    assert frame["note"] == "Your partner is a computer program."
    assert [(u["status"], u["reason"]) for u in _units(stage)] == [("assigned", None), ("expired", "stand_in")]
    one.say({"text": "hello"})
    assert one.wait("message", sender="Person 2")["data"] == {"text": "echo: hello"}
    _finish(stage, one)
    (bot,) = stage.rows(
        "SELECT g.*, w.name AS worker FROM agent g JOIN worker w ON w.id = g.worker_id WHERE g.kind = 'bot'"
    )
    assert (bot["status"], bot["worker"], bot["deadline"]) == ("completed", "echo", None)
    assert '"name":"echo"' in bot["bot"]


def _released(stage: Stage, one: LivePerson) -> None:
    assert "paid" in one.wait("status", status="ended")["note"]
    assert one.closed() == 1000
    row = stage.agent(one)
    assert (row["status"], row["end_reason"], row["visit"]) == ("ended", "expired", "submitted")
    assert {u["status"] for u in _units(stage)} == {"launched"}
    assert stage.owed() == {"one": ["0.05"]}
    document = one.page.call("GET", "").json()
    assert (document["phase"], document["completion"]["fields"]["outcome"]) == ("done", "released")


def _requeued(stage: Stage, one: LivePerson) -> None:
    assert until(lambda: [u["assignment_id"] for u in _held(stage)] == [2])
    row = stage.agent(one)
    assert (row["status"], row["waiting_from"]) == ("waiting", pytest.approx(TIMEOUT, abs=1.0))
    stage.person("two").wait("status", status="in_task")
    one.wait("status", status="in_task")
    _finish(stage, one)


def _waits(stage: Stage, one: LivePerson) -> None:
    assert until(lambda: stage.events("pairing_decided"))
    stage.person("two").wait("status", status="in_task")
    one.wait("status", status="in_task")
    _finish(stage, one)


def _finish(stage: Stage, one: LivePerson) -> None:
    one.say({"do": "end"})
    one.wait("status", status="completed", phase="finish")
    assert one.submit({"text": "done"}).json()["status"] == "completed"
    assert stage.owed()["one"] == ["0.50"]


def _units(stage: Stage) -> list[dict[str, Any]]:
    return stage.rows("SELECT status, reason FROM unit WHERE assignment_id = 1 ORDER BY seat")


def _held(stage: Stage) -> list[dict[str, Any]]:
    return stage.rows("SELECT assignment_id FROM unit WHERE status = 'assigned' ORDER BY id")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_when_nobody_else_comes(stage: Stage, outcome: str) -> None:
    launch(stage, outcome)
    one = stage.person("one")
    waiting = one.wait("status", status="waiting")["waiting"]
    assert waiting["until"] - waiting["now"] == pytest.approx(TIMEOUT, abs=0.01)
    assert (waiting["then"], waiting["pay"], waiting["currency"]) == (outcome, "0.05", "USD")
    stage.clock.advance(TIMEOUT - 0.1)
    assert stage.agent(one)["status"] == "waiting"
    stage.clock.advance(0.2)
    check(stage, outcome, one)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_when_a_partner_comes_in_the_last_tenth_of_a_second(stage: Stage, outcome: str) -> None:
    launch(stage, outcome)
    one = stage.person("one")
    one.wait("status", status="waiting")
    stage.clock.advance(TIMEOUT - 0.1)
    two = stage.person("two")
    for person in (one, two):
        frame = person.wait("status", status="in_task")
        assert [(p["name"], p["bot"]) for p in frame["people"]] == [("Person 1", False), ("Person 2", False)]
    stage.clock.advance(1)
    one.say({"text": "still here"})
    assert two.wait("message")["data"] == {"text": "still here"}
    assert stage.events("pairing_decided") == []


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_when_the_server_is_gone_while_somebody_waits(stage: Stage, outcome: str) -> None:
    launch(stage, outcome)
    before = stage.person("one")
    before.wait("status", status="waiting")
    stage.clock.advance(TIMEOUT / 2)
    stage.restart(away=1000)
    one = stage.again(before)
    assert (one.agent, one.page.reply.status_code) == (before.agent, 200)
    waiting = one.wait("status", status="waiting", you="Person 1")["waiting"]
    assert waiting["until"] - waiting["now"] == pytest.approx(TIMEOUT / 2, abs=0.1)
    stage.clock.advance(TIMEOUT / 2 + 0.1)
    check(stage, outcome, one)
