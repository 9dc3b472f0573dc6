"""People who talk with each other in worlds of ParlAI's kind, and its models as stand-ins.

from blueprint_parlai_chat import ParlaiChat, ChatOptions, ChatState
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blueprint_parlai_chat.blueprint import ParlaiChat
    from blueprint_parlai_chat.options import ChatOptions
    from blueprint_parlai_chat.state import ChatState

_HOME = {"ChatOptions": "options", "ChatState": "state", "ParlaiChat": "blueprint"}

__all__ = ["ChatOptions", "ChatState", "ParlaiChat"]


def __getattr__(name: str) -> Any:
    # a world file imports `worlds`, `crowd options` only the options: parts load when used
    if name in _HOME:
        return getattr(import_module(f"blueprint_parlai_chat.{_HOME[name]}"), name)
    raise AttributeError(f"module 'blueprint_parlai_chat' has no attribute {name!r}")
