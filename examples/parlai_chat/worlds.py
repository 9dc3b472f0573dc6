"""Two people agree on something to do; one alone (pairing.on_timeout=launch_reduced) talks with a guide."""

import random

from blueprint_parlai_chat.worlds import AgentTimeoutError, CrowdTaskWorld

QUESTIONS = [
    {"type": "text", "question": "We will"},
    {"type": "choices", "question": "At what time?", "choices": ["morning", "noon", "evening"]},
]


class Guide:
    """An agent that the world brings along. A model of your own would look the same."""

    agent_id = "Town guide"

    def __init__(self, place):
        self.place = place
        self.heard = None

    def observe(self, act):
        """Hear what the other one said."""
        self.heard = act["text"]

    def act(self, timeout=None):
        """Answer it."""
        opening = random.choice(["Welcome to", "You will like", "Many people love"])  # noqa: S311
        said = f"{opening} {self.place.lower()}. What would you like to do?"
        if self.heard:
            said = f'"{self.heard[:60]}": a good idea. What else would you like to do?'
        return {"id": self.agent_id, "text": said, "episode_done": False}

    def shutdown(self):
        """Nothing to free."""


class DayTripWorld(CrowdTaskWorld):
    """They take turns, then everybody says what was agreed on."""

    def __init__(self, opt, agents, place):
        super().__init__(opt, agents)
        self.people = agents
        self.talking = [*agents] if len(agents) > 1 else [*agents, Guide(place["place"])]
        self.place = place
        self.round = 0
        self.agreed = {}
        random.shuffle(self.talking)  # who begins

    def parley(self):
        """One round: everybody says something, everybody else reads it."""
        if self.round == 0:
            self.tell(f"You are going to {self.place['place'].lower()}. You have {self.opt['turns']} turns each.")
        for agent in self.talking:
            act = agent.act(timeout=self.opt["turn_timeout"])
            for other in self.talking:
                if other is not agent:
                    other.observe(act)
        self.round += 1
        if self.round == self.opt["turns"]:
            self.ask()
            self.episodeDone = True

    def tell(self, text):
        """Say something to everybody."""
        for person in self.people:
            person.observe({"id": "Coordinator", "text": text})

    def ask(self):
        """Let everybody fill in a form; who does not is not waited for longer than for a message."""
        form = {"id": "Coordinator", "text": "What did you agree on?", "task_data": {"respond_with_form": QUESTIONS}}
        for person in self.people:
            person.observe(form)
        for person in self.people:
            try:
                act = person.act(timeout=self.opt["turn_timeout"])
            except AgentTimeoutError:
                continue  # the talk counts without it
            self.agreed[person.name] = act["task_data"].get("form_responses") or act["text"]

    def prep_save_data(self, agents):
        """What is kept for one of them, besides the messages."""
        return {"rounds": self.round, "agreed": self.agreed.get(agents[0].name)}


def make_world(opt, agents, initialization_data):
    """The world of one conversation; `agents` are one or two."""
    return DayTripWorld(opt, agents, initialization_data)


def get_world_params():
    """How many people talk with each other."""
    return {"agent_count": 2}
