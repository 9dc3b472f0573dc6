"""A ParlAI agent in this process. ParlAI (and torch, for most models) is imported when the model is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from blueprint_parlai_chat.bot_turns import Turn
from crowdcore.bots import BotFailed
from crowdcore.errors import ConfigError

INSTALL = (
    "pip install --no-deps parlai==1.7.2, then pip install requests tqdm iopath torch 'setuptools<81' Pillow pyyaml"
)
"""How ParlAI is installed: its own list of dependencies fits no present Python."""


class LocalModel:
    """One loaded model, a copy of its agent for each answer: it keeps nothing of a conversation.

    `opt` are ParlAI's options, `part` the option of the bot that asked for it. ConfigError if it cannot be loaded.
    """

    def __init__(self, opt: dict[str, Any], part: str) -> None:
        try:
            # not among the dependencies: it is large, and a service elsewhere needs none of it
            from parlai.core.agents import create_agent, create_agent_from_shared  # type: ignore[import-not-found]
            from parlai.core.opt import Opt  # type: ignore[import-not-found]
        except ImportError as error:
            text = f"{part} needs ParlAI in this environment ({error}): {INSTALL}; or give the url of a chat service"
            raise ConfigError(text) from None
        try:
            self._agent = create_agent(Opt(opt), requireModelExists=part == "model_file")
        except ImportError as error:
            raise ConfigError(f"{part}: the model needs what is not installed ({error}): {INSTALL}") from None
        except (Exception, SystemExit) as error:  # a wrong option ends ParlAI's parser
            raise ConfigError(f"{part}: ParlAI cannot load it: {type(error).__name__}: {error}") from error
        self._copy = create_agent_from_shared

    def answer(self, turns: Sequence[Turn]) -> dict[str, Any]:
        """What the model says to the last turn, having heard and said those before."""
        agent = self._copy(self._agent.share())
        for turn in turns[:-1]:
            agent.observe(_act(turn.heard or "__SILENCE__"))
            if hasattr(agent, "self_observe"):  # it takes the words that it was heard to say as its own
                agent.self_observe(_act(turn.said or ""))
            else:
                agent.act()
        agent.observe(_act(turns[-1].heard))
        said = agent.act()
        text = said.get("text") if hasattr(said, "get") else None
        if not isinstance(text, str) or not text.strip():
            raise BotFailed("the model's answer has no text")
        return {"text": text.strip()}


def _act(text: str) -> dict[str, Any]:
    return {"id": "partner", "text": text, "episode_done": False}
