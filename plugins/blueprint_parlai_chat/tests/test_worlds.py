"""What a world file gets: its options, the row, its agents; what becomes of what it keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crowdcore.testing import stored

TELLING = """
    from blueprint_parlai_chat.worlds import CrowdTaskWorld

    class World(CrowdTaskWorld):
        def __init__(self, agents, told):
            super().__init__({}, agents)
            self.told = told

        def parley(self):
            for agent in self.agent:
                agent.observe({"id": "World", "text": self.told})
            self.episodeDone = True

        def prep_save_data(self, agents):
            return {"for": [agent.name for agent in agents], "told": self.told}
"""


def world(chats: Any, made: str, people: int = 2) -> None:
    chats.world(TELLING + "\n".join(f"    {line}" for line in ["", *made.strip().splitlines()]), people)


def test_opt_holds_what_the_task_says_and_a_seed(chats) -> None:
    world(
        chats,
        """
def make_world(opt, agents):
    assert isinstance(opt["seed"], int)
    return World(agents, repr({name: opt[name] for name in sorted(opt) if name != "seed"}))
""",
    )
    run = chats.launch(args={"model": "small"}, blueprint={"world_opt": {"turns": 3, "names": ["x"]}})
    one, _ = chats.pair(run)
    assert one.wait("message")["data"]["text"] == repr(
        {"agent_count": 2, "model": "small", "names": ["x"], "roles": [], "task": "talk", "turns": 3}
    )


def test_what_one_world_does_to_opt_no_other_sees(chats) -> None:
    world(
        chats,
        """
def make_world(opt, agents):
    opt["seen"].append("x")
    return World(agents, len(opt["seen"]))
""".replace("len(opt", "str(len(opt").replace('"])', '"]))'),
    )
    run = chats.launch(blueprint={"world_opt": {"seen": []}})
    pairs = [[chats.person(run, f"{pair}{n}") for n in "ab"] for pair in "xy"]
    assert [pair[0].wait("message")["data"]["text"] for pair in pairs] == ["1", "1"]


@pytest.mark.parametrize(
    "signature",
    ["opt, agents, initialization_data", "opt, agents, row=None", "*given", "opt, agents, initialization_data=None"],
)
def test_a_world_that_wants_the_row_gets_it(chats, signature: str) -> None:
    name = {"*given": "given[2]", "opt, agents, row=None": "row"}.get(signature, "initialization_data")
    agents = "given[1]" if "*" in signature else "agents"
    world(
        chats,
        f"""
def make_world({signature}):
    return World({agents}, " ".join([{name}["topic"], {name}.shared["topic"], str({name}.unit_data)]))
""",
    )
    chats.write("rows.csv", "topic\nrain\n")
    one, _ = chats.pair(chats.launch(blueprint={"context_csv": "rows.csv"}))
    assert one.wait("message")["data"]["text"] == "rain rain [{}, {}]"


def test_the_number_of_people_is_the_worlds_where_the_task_says_none(chats) -> None:
    world(chats, "def make_world(opt, agents):\n    return World(agents, str(len(agents)))", people=3)
    run = chats.launch()
    assert run.config.blueprint.units_per_assignment == 3
    people = [chats.person(run, name) for name in "abc"]
    assert [person.wait("message")["data"]["text"] for person in people] == ["3", "3", "3"]


def test_launched_reduced_a_world_gets_fewer_agents_and_may_bring_its_own(chats) -> None:
    chats.world("""
        from blueprint_parlai_chat.worlds import CrowdTaskWorld

        class Model:
            def observe(self, act):
                self.heard = act

            def act(self, timeout=None):
                return {"id": "Model", "text": f"You said {self.heard['text']}.", "episode_done": True}

        class World(CrowdTaskWorld):
            def parley(self):
                person, partner = self.agent
                partner.observe(person.act(timeout=60))
                act = partner.act(timeout=60)
                person.observe(act)
                self.episodeDone = act["episode_done"]

            def shutdown(self):
                pass

        def make_world(opt, agents):
            assert opt["agent_count"] == len(agents) == 1
            return World(opt, [*agents, Model()])
    """)
    run = chats.launch(pairing={"timeout": 0.2, "on_timeout": "launch_reduced"})
    one = chats.person(run, "one")
    one.wait("status", status="in_task")
    one.say({"text": "Hello"})
    assert one.wait("message")["data"] == {"text": "Hello"}
    answer = one.wait("message")
    assert (answer["sender"], answer["data"]) == ("Model", {"text": "You said Hello.", "episode_done": True})
    one.wait("status", phase="finish")
    assert one.submit({}).status_code == 200


def test_each_person_has_what_the_world_kept_for_it(chats) -> None:
    world(chats, "def make_world(opt, agents):\n    return World(agents, 'hi')")
    run = chats.launch(pairing={"roles": ["Guide", "Guest"]})
    people = chats.pair(run)
    for person in people:
        person.wait("status", phase="finish")
        assert person.submit({"note": person.name}).status_code == 200
    rows = [chats.kept(run, person) for person in people]
    assert [(row["you"], row["world"], row["final"]) for row in rows] == [
        ("Guide", {"for": ["Guide"], "told": "hi"}, {"note": "one"}),
        ("Guest", {"for": ["Guest"], "told": "hi"}, {"note": "two"}),
    ]
    [message] = rows[0]["messages"]
    assert (message["sender"], message["text"], message["person"], message["bot"]) == ("World", "hi", None, None)


def test_every_message_says_who_said_it_a_person_or_which_bot(chats) -> None:
    chats.world("""
        from blueprint_parlai_chat.worlds import CrowdTaskWorld

        class World(CrowdTaskWorld):
            def parley(self):
                for speaker in self.agent:
                    act = speaker.act(timeout=60)
                    for other in self.agent:
                        other.observe(act)
                self.episodeDone = True

        def make_world(opt, agents):
            return World(opt, agents)
    """)
    chats.write("lines.txt", "I am not there.\n")
    stand_in = {"type": "scripted", "file": "lines.txt"}
    run = chats.launch(pairing={"timeout": 0.2, "on_timeout": "stand_in", "stand_in": stand_in})
    one = chats.person(run, "one")
    one.wait("turn")
    id = one.say({"text": "Who is there?"})
    one.wait("status", phase="finish")
    assert not any(str(frame.get("id", "")).startswith("bot") for frame in one.frames), "an id must not tell"
    assert one.submit({}).status_code == 200
    mine, its = chats.kept(run, one)["messages"]
    assert (mine["id"], mine["sender"], mine["person"], mine["bot"]) == (id, "Person 1", True, None)
    assert (its["sender"], its["text"], its["person"]) == ("Person 2", "I am not there.", False)
    assert its["bot"]["name"] == "scripted"


def test_a_simulated_worker_answers_the_final_form(chats) -> None:
    world(chats, "def make_world(opt, agents):\n    return World(agents, 'hi')")
    chats.write("final.json", json.dumps({"questions": [{"name": "fair", "label": "Fair?", "type": "rating"}]}))
    run = chats.launch(blueprint={"final_form": "final.json"})
    one, _ = chats.pair(run)
    one.wait("status", phase="finish")
    with stored(run.name, data_dir=chats.data_dir) as found:
        made = found.ask(found.hooks.blueprint_simulate(found.agent(one.agent)))
    assert one.submit(made["data"]).status_code == 200
