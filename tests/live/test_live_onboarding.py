"""Onboarding as a conversation of one person, where the blueprint has `live_onboarding`; else an ordinary page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.testing import LivePerson, until
from crowdcore.types import Agent
from tests.live.conftest import Stage


class Judge:
    """Who wrote "right" may work."""

    @hookimpl(nonblocking=True)
    def validate_onboarding(self, agent: Agent) -> bool:
        """Look."""
        return bool(agent.state.data and agent.state.data.get("text") == "right")


@pytest.fixture
def gates(tmp_path: Path) -> dict[str, Any]:
    """An onboarding with two attempts."""
    item = tmp_path / "onboarding.json"
    item.write_text('{"question": "left or right?"}')
    return {"onboarding": {"qualification": "trained", "data": str(item), "attempts": 2}}


def launch(stage: Stage, gates: dict[str, Any], *, live: bool = True, **pairing: Any) -> None:
    """A run with an onboarding."""
    stage.launch([Judge()], gates=gates, blueprint={"live_onboarding": live}, pairing=pairing)


def onboarded(stage: Stage, name: str) -> LivePerson:
    """Somebody who has passed and waits."""
    person = stage.person(name)
    person.wait("status", status="in_task", phase="onboarding")
    person.say({"do": "end"})
    person.wait("status", status="completed", phase="finish")
    after = person.submit({"text": "right"}).json()["next"]
    assert (after["phase"], after["live"]) == ("waiting", True)
    return person


def test_it_is_a_conversation_of_one_then_people_wait_and_pair(stage: Stage, gates: dict[str, Any]) -> None:
    launch(stage, gates)
    one = stage.person("one")
    assert (one.document["phase"], one.document["live"]) == ("waiting", True)
    assert one.document["waiting"]["seats"] == 1
    frame = one.wait("status", status="in_task", phase="onboarding")
    assert [p["name"] for p in frame["people"]] == ["Person 1"]
    document = one.page.call("GET", "").json()
    assert (document["phase"], document["init"]) == ("onboarding", {"question": "left or right?"})
    one.say({"text": "hello"})
    assert one.wait("message")["data"] == {"text": "hello"}
    one.say({"do": "end"})
    one.wait("status", status="completed", phase="finish")
    assert one.submit({"text": "right"}).json()["next"]["phase"] == "waiting"
    one.seq = 0
    one.connect()
    one.wait("status", status="waiting")
    two = onboarded(stage, "two")
    two.seq = 0
    two.connect()
    two.wait("status", status="in_task", phase="work")
    one.wait("status", status="in_task", phase="work")
    assert stage.rows("SELECT assignment_id FROM conversation ORDER BY id")[0]["assignment_id"] is None


def test_who_fails_tries_again_in_a_new_one_then_is_turned_away(stage: Stage, gates: dict[str, Any]) -> None:
    launch(stage, gates)
    one = stage.person("one")
    first = one.agent
    one.say({"do": "end"})
    after = one.submit({"text": "left"}).json()
    assert after["feedback"]
    assert after["next"]["phase"] == "waiting"
    one.connect(0)
    one.wait("status", status="in_task", phase="onboarding")
    assert one.agent != first
    one.say({"do": "end"})
    refused = one.submit({"text": "left"}).json()
    assert refused["completion"]["fields"]["outcome"] == "not_qualified"
    assert stage.owed() == {}


def test_who_does_not_submit_is_not_judged(stage: Stage, gates: dict[str, Any]) -> None:
    launch(stage, gates)
    one = stage.person("one")
    one.say({"do": "end"})
    one.wait("status", phase="finish")
    stage.clock.advance(601)
    assert until(lambda: stage.agent(one)["status"] == "ended")
    assert stage.agent(one)["end_reason"] == "timed_out"
    assert stage.rows("SELECT 1 FROM granted") == []


def test_it_goes_on_after_a_restart(stage: Stage, gates: dict[str, Any]) -> None:
    launch(stage, gates)
    one = stage.person("one")
    one.say({"text": "hello"})
    one.wait("message")
    stage.restart()
    one = stage.again(one)
    assert one.wait("message")["data"] == {"text": "hello"}
    one.wait("status", status="in_task", phase="onboarding")
    one.say({"do": "end"})
    assert one.submit({"text": "right"}).json()["next"]["phase"] == "waiting"


def test_who_leaves_it_comes_to_nothing(stage: Stage, gates: dict[str, Any]) -> None:
    launch(stage, gates, disconnect_grace=10)
    one = stage.person("one")
    one.close()

    def has_ended() -> bool:
        stage.clock.advance(11)  # again, for the grace begins only when the server knows that the tab is closed
        return bool(stage.agent(one)["status"] == "ended")

    assert until(has_ended)
    assert until(lambda: stage.rows("SELECT status FROM conversation")[0]["status"] == "ended")


def test_it_waits_for_room_like_any_conversation(stage: Stage, gates: dict[str, Any]) -> None:
    launch(stage, gates, max_conversations=1)
    one, two = stage.person("one"), stage.person("two")
    assert two.frames[-1]["status"] == "waiting"
    two.close()
    assert until(lambda: stage.agent(two)["conversation_id"] is None)
    two.connect()
    one.say({"do": "end"})
    two.wait("status", status="in_task", phase="onboarding")


def test_without_it_onboarding_is_an_ordinary_page(stage: Stage, gates: dict[str, Any]) -> None:
    launch(stage, gates, live=False)
    one = stage.person("one")
    assert (one.document["phase"], one.document["live"]) == ("onboarding", False)
    assert one.submit({"text": "right"}).json()["next"]["phase"] == "waiting"
    one.connect()
    one.wait("status", status="waiting")
