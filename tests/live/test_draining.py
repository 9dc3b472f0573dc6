"""A run that takes nobody in any more: people in the middle finish, those who wait pair or are released."""

from __future__ import annotations

from crowdcore.testing import until
from tests.live.conftest import Stage


def test_conversations_finish_and_then_the_run_ends(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    assert stage.run.drain() > 600
    one.say({"text": "still talking"})
    assert two.wait("message")["data"] == {"text": "still talking"}
    stage.clock.advance(11)
    stage.watched()
    assert stage.run.wait(0) is None
    one.say({"do": "end"})
    for person in (one, two):
        assert person.submit({"text": "done"}).status_code == 200

    def ended() -> str | None:
        stage.clock.advance(1)
        return stage.run.wait(0.02)

    assert until(ended) == "ended on demand"
    assert stage.owed() == {"one": ["0.50"], "two": ["0.50"]}
    assert {row["status"] for row in stage.rows("SELECT status FROM unit")} == {"completed", "expired"}


def test_people_who_wait_already_may_still_pair(stage: Stage) -> None:
    stage.launch()
    one, two = stage.person("one"), stage.person("two", connected=False)
    stage.run.drain()
    assert stage.person("three", connected=False).page.code == "run_over"
    two.connect()
    two.wait("status", status="in_task")
    one.wait("status", status="in_task")


def test_who_waits_alone_is_released_whatever_the_configuration_says(stage: Stage) -> None:
    stage.launch(pairing={"timeout": 60, "on_timeout": "wait", "waiting_pay": "0.05"})
    one = stage.person("one")
    stage.run.drain()
    stage.clock.advance(61)
    one.wait("status", status="ended")
    assert stage.owed() == {"one": ["0.05"]}

    def ended() -> str | None:
        stage.clock.advance(1)
        return stage.run.wait(0.02)

    assert until(ended) == "ended on demand"


def test_a_run_is_not_over_while_somebody_only_has_to_submit(stage: Stage) -> None:
    stage.launch(blueprint={"num_assignments": 1})
    one, two = stage.pair()
    one.say({"do": "end"})
    two.submit({"text": "done"})
    one.wait("status", phase="finish")
    stage.clock.advance(30)
    stage.watched()
    assert stage.run.wait(0) is None
    one.submit({"text": "done"})

    def ended() -> str | None:
        stage.clock.advance(1)
        return stage.run.wait(0.02)

    assert until(ended) == "all units are done"
