"""A world as one writes it for ParlAI: of its classes, with one of its agents for who is alone."""

from parlai.core.agents import create_agent
from parlai.core.worlds import World, validate
from parlai.crowdsourcing.utils.worlds import CrowdDataWorld


class TalkWorld(CrowdDataWorld):
    """Everybody says something in turn, and hears what the others said."""

    def __init__(self, opt, agents):
        World.__init__(self, opt, agents)
        self.acts = []

    def parley(self):
        """One round."""
        for agent in self.agents:
            act = agent.act(timeout=60) if hasattr(agent, "agent_id") else agent.act()
            self.acts.append(act)
            for other in self.agents:
                if other is not agent:
                    other.observe(validate(act))
        self.update_counters()

    def episode_done(self):
        """Whether there were enough rounds."""
        return self.total_parleys >= self.opt["turns"]

    def get_custom_task_data(self):
        """What is kept besides the messages."""
        return {"acts": [[type(act).__module__, act["text"]] for act in self.acts]}


def make_world(opt, agents):
    """People, and if only one came (launch_reduced) an agent of ParlAI."""
    if len(agents) == 1:
        model = create_agent({"model": "fixed_response", **opt})
        return TalkWorld(opt, [*agents, model])
    return TalkWorld(opt, agents)


def get_world_params():
    """How many people talk."""
    return {"agent_count": 2}
