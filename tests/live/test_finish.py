"""After a conversation people submit as ever; who does not is concluded with what they have, and paid."""

from __future__ import annotations

from crowdcore.testing import until
from tests.live.conftest import Stage


def test_submitting_before_the_end_is_refused(stage: Stage) -> None:
    stage.launch()
    early = stage.person("early")
    early.wait("status", status="waiting")
    assert early.page.submit({"text": "a"}).json()["code"] == "not_acceptable_now"
    stage.person("two").wait("status", status="in_task")
    early.wait("status", status="in_task")
    reply = early.page.submit({"text": "a"})
    assert (reply.status_code, reply.json()["code"]) == (409, "not_acceptable_now")


def test_the_deadline_concludes_with_the_draft_and_pays(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.page.call("PUT", "/draft", json={"text": "half a thought"})
    one.say({"do": "end"})
    deadline = one.wait("status", status="completed", phase="finish") and one.reload().document["deadline"]
    assert deadline - stage.clock.now() == 600
    stage.clock.advance(601)
    for person in (one, two):
        assert until(lambda p=person: stage.agent(p)["status"] == "completed")  # type: ignore[misc]
    assert stage.owed() == {"one": ["0.50"], "two": ["0.50"]}
    states = {person.name: stage.agent(person)["state"] for person in (one, two)}
    assert '"data":{"text":"half a thought"}' in states["one"]
    assert '"data":null' in states["two"]
    assert {event["agent"] for event in stage.events("unit_submitted")} == {one.agent, two.agent}
    assert one.closed() == 1000


def test_submitting_after_it_was_concluded_gets_the_same_end(stage: Stage) -> None:
    stage.launch()
    one, _ = stage.pair()
    one.say({"do": "end"})
    one.wait("status", phase="finish")
    stage.clock.advance(601)
    assert until(lambda: stage.agent(one)["status"] == "completed")
    reply = one.page.submit({"text": "late"})
    assert (reply.status_code, reply.json()["completion"]["kind"]) == (200, "thanks")
    assert stage.owed()["one"] == ["0.50"]


def test_who_is_away_when_it_ends_finishes_later(stage: Stage) -> None:
    stage.launch(pairing={"disconnect_grace": 60})
    one, two = stage.pair()
    two.cut()
    one.wait("presence", present=False)
    one.say({"do": "end"})
    one.wait("status", phase="finish")
    stage.clock.advance(300)
    two.connect()
    assert two.wait("status", status="completed", phase="finish")["you"] == "Person 2"
    assert two.submit({"text": "done"}).json()["status"] == "completed"


def test_the_conversation_ends_at_its_longest(stage: Stage) -> None:
    stage.launch(pairing={"max_duration": 120})
    one, two = stage.pair()
    stage.clock.advance(121)
    for person in (one, two):
        assert "time" in person.wait("status", status="completed", phase="finish")["note"]
        assert person.submit({"text": "done"}).json()["status"] == "completed"
    assert stage.events("conversation_ended")[0]["reason"] == "max_duration"


def test_a_page_that_connects_after_everything_is_told_so(stage: Stage) -> None:
    stage.launch()
    one, _ = stage.pair()
    one.say({"do": "end"})
    one.submit({"text": "done"})
    assert one.wait("status", status="completed", phase="done")
    assert one.closed() == 1000
    one.connect()
    assert one.wait("status", status="completed", phase="done")
    assert one.closed() == 1000
