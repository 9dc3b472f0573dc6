"""What a world file may import: base classes of worlds, and the errors that `agent.act` raises.

Needs no ParlAI. A world may as well subclass ParlAI's own classes, where `parlai` is installed.
"""

from __future__ import annotations

from typing import Any

from blueprint_parlai_chat.acts import Message

__all__ = [
    "AbsentAgentError", "AgentDisconnectedError", "AgentReturnedError", "AgentShutdownError", "AgentTimeoutError",
    "CrowdDataWorld", "CrowdOnboardWorld", "CrowdTaskWorld", "Message", "World", "validate",
]  # fmt: skip


class AbsentAgentError(Exception):
    """Somebody is not there any more; `agent_id` is what the world calls them. Not caught, it ends the conversation."""

    def __init__(self, message: str, agent_id: str) -> None:
        super().__init__(f"{agent_id}: {message}")
        self.message = message
        self.agent_id = agent_id


class AgentTimeoutError(AbsentAgentError):
    """They said nothing in the `timeout` seconds that `act` was given."""

    def __init__(self, timeout: float | None, agent_id: str) -> None:
        super().__init__("did not act in time" if timeout is None else f"did not act within {timeout:g} s", agent_id)
        self.timeout = timeout


class AgentDisconnectedError(AbsentAgentError):
    """They lost the connection and did not come back within `pairing.disconnect_grace`."""

    def __init__(self, agent_id: str) -> None:
        super().__init__("left", agent_id)


class AgentReturnedError(AbsentAgentError):
    """They gave the work back."""

    def __init__(self, agent_id: str) -> None:
        super().__init__("gave the work back", agent_id)


class AgentShutdownError(AbsentAgentError):
    """The conversation is over, and the world is to end too."""

    def __init__(self, agent_id: str) -> None:
        super().__init__("the conversation is over", agent_id)


class World:
    """One conversation, from its first `parley` until `episode_done`."""

    def parley(self) -> None:
        """One turn, or one round of turns."""
        raise NotImplementedError("a world needs parley()")

    def episode_done(self) -> bool:
        """Whether the conversation is over; asked before each parley."""
        raise NotImplementedError("a world needs episode_done()")

    def shutdown(self) -> None:
        """Free what the world holds; called once, however it ended."""


class CrowdDataWorld(World):
    """A world that keeps something besides the messages."""

    def prep_save_data(self, agents: list[Any]) -> Any:
        """What is kept for `agents`, JSON; asked for each of them, in a list of one."""
        return {"custom_data": self.get_custom_task_data(), "worker_data": {}}

    def get_custom_task_data(self) -> Any:
        """What the world collected, JSON."""
        return None


class _OfAgents(CrowdDataWorld):
    """Ends after its first parley, unless a subclass says otherwise; `agent` is one, or a list of them."""

    def __init__(self, opt: dict[str, Any], agent: Any) -> None:
        self.opt = opt
        self.agent = agent
        self.episodeDone = False

    def parley(self) -> None:
        """End."""
        self.episodeDone = True

    def episode_done(self) -> bool:
        """Whether `episodeDone` was set."""
        return self.episodeDone


class CrowdOnboardWorld(_OfAgents):
    """What one person goes through before the first conversation; `self.agent` is that person."""


class CrowdTaskWorld(_OfAgents):
    """A conversation; `self.agent` is what the constructor was given: an agent, or the list of them."""

    def shutdown(self) -> None:
        """Shut the agents down."""
        for agent in self.agent if isinstance(self.agent, list) else [self.agent]:
            agent.shutdown()


def validate(act: Any) -> Any:
    """`act` if it is a dict; RuntimeError otherwise."""
    if isinstance(act, dict):
        return act
    raise RuntimeError(f"an act must be a dict, not {type(act).__name__}")
