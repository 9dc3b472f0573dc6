"""A conversation as a chat completions service wants it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from crowdcore.bots import Act
from crowdcore.state import canonical

_FIELD = re.compile(r"\{(\w+)\}")


def filled(instructions: str, item: Any) -> str:
    """`{field}` replaced by the item's text of that name; braces around anything else stay."""
    if not isinstance(item, dict):
        return instructions

    def value(found: re.Match[str]) -> str:
        text = item.get(found[1])
        return text if isinstance(text, str) else found[0]

    return _FIELD.sub(value, instructions)


def messages_of(instructions: str, conversation: Sequence[Act], me: str) -> list[dict[str, str]]:
    """Instructions first, own acts as the assistant's, the others' as the user's.

    Among more than two people the others' have their names. What one side said in a row is one message, because
    many models insist on turns.
    """
    found = [{"role": "system", "content": instructions}] if instructions.strip() else []
    others = {act.sender for act in conversation} - {me}
    for act in conversation:
        role = "assistant" if act.sender == me else "user"
        text = text_of(act.data)
        if role == "user" and len(others) > 1:
            text = f"{act.sender}: {text}"
        if found and found[-1]["role"] == role:
            found[-1]["content"] += f"\n{text}"
        else:
            found.append({"role": role, "content": text})
    return found


def text_of(data: Any) -> str:
    """What was said: the text of an act, else its JSON."""
    text = data.get("text") if isinstance(data, dict) else data
    return text if isinstance(text, str) and text else canonical(data)
