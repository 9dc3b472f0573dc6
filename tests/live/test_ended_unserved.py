"""`crowd stop` on a run that nobody serves: who only had to submit is paid, everything else is closed."""

from __future__ import annotations

from tests.chaos.checks import faults
from tests.live.conftest import Stage


def test_every_phase_comes_to_its_end(stage: Stage) -> None:
    stage.launch(pairing={"timeout": 60, "on_timeout": "stand_in", "stand_in": {"type": "echo"}})
    done, also_done = stage.pair()
    done.page.call("PUT", "/draft", json={"text": "a draft"})
    done.say({"do": "end"})
    for person in (done, also_done):
        person.wait("status", phase="finish")
    with_bot = stage.person("with bot")
    stage.clock.advance(61)
    with_bot.wait("status", status="in_task")
    talking = [stage.person(name) for name in ("three", "four")]
    talking[1].wait("status", status="in_task")
    waiting = stage.person("waiting")
    absent = stage.person("absent", connected=False)
    stage.run.stop()
    assert "is ended" in stage.crowd("stop", stage.run.name)
    assert stage.owed() == {"one": ["0.50"], "two": ["0.50"]}
    assert '"data":{"text":"a draft"}' in stage.agent(done)["state"]
    for person in (with_bot, *talking, waiting, absent):
        assert (stage.agent(person)["status"], stage.agent(person)["end_reason"]) == ("ended", "expired")
    assert {row["status"] for row in stage.rows("SELECT status FROM conversation")} == {"ended"}
    assert faults(stage.database, ended=True) == []
