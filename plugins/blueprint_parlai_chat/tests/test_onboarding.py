"""Who comes for the first time goes through a world of their own, and the world file judges it."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore.testing import LivePerson, until

WORLDS = """
    from blueprint_parlai_chat.worlds import CrowdOnboardWorld, CrowdTaskWorld

    class Onboarding(CrowdOnboardWorld):
        def parley(self):
            self.agent.agent_id = "Newcomer"
            self.agent.observe({"id": "System", "text": self.opt["question"]})
            self.act = self.agent.act(timeout=60)
            self.agent.observe({"id": "System", "text": "Thank you.", "episode_done": True})
            self.episodeDone = True

        def get_custom_task_data(self):
            return self.act["text"]

    def make_onboarding_world(opt, agent):
        return Onboarding(opt, agent)

    def make_world(opt, agents):
        return CrowdTaskWorld(opt, agents)
"""
GATE = {"onboarding": {"qualification": "welcome"}}
OPT = {"onboarding_world_opt": {"question": "Ready?"}, "world_opt": {"question": "of the task"}}


@pytest.fixture
def come(chats: Any) -> Any:
    """`come(judge)`: somebody new in a task whose world file ends with this."""

    def arrive(judge: str = "", final: str = "") -> LivePerson:
        chats.world(WORLDS + judge)
        run = chats.launch(gates=GATE, blueprint=OPT)
        person: LivePerson = chats.person(run, "new")
        assert person.document["phase"] == "waiting" or person.document["phase"] == "onboarding"
        return person

    return arrive


def answer(person: LivePerson, text: str) -> dict[str, Any]:
    assert person.wait("message")["data"] == {"text": "Ready?"}
    person.wait("turn")
    person.say({"text": text})
    person.wait("status", phase="finish")
    assert person.page.call("GET", "").json()["init"]["final_form"] is None
    answered: dict[str, Any] = person.submit({}).json()
    return answered


def test_the_onboardings_world_has_one_person_and_options_of_its_own(come) -> None:
    person = come()
    following = answer(person, "yes")["next"]
    assert following["phase"] == "waiting"
    assert person.texts() == ["Ready?", "yes", "Thank you."]


@pytest.mark.parametrize(("said", "goes_on"), [("yes", True), ("no", False)])
def test_validate_onboarding_judges_what_was_said(come, said: str, goes_on: bool) -> None:
    person = come("""
    def validate_onboarding(data):
        mine = [m["text"] for m in data["outputs"]["messages"] if m["id"] == "Newcomer"]
        assert data["messages"] == data["outputs"]["messages"] and data["inputs"] == {}
        assert data["save_data"]["custom_data"] == mine[0] and data["final_submission"] == {}
        return mine == ["yes"]
""")
    following = answer(person, said)["next"]
    assert (following is not None and following["phase"] == "waiting") == goes_on


def test_a_validate_onboarding_that_raises_is_told_and_turns_nobody_away_for_good(come, caplog) -> None:
    person = come("\n    def validate_onboarding(data):\n        return data['missing']\n")
    answer(person, "yes")
    until(lambda: "KeyError: 'missing' (in validate_onboarding)" in caplog.text)


def test_without_the_gate_there_is_no_onboarding(chats) -> None:
    chats.world(WORLDS)
    run = chats.launch(blueprint=OPT)
    for person in chats.pair(run):
        person.wait("status", phase="finish")
