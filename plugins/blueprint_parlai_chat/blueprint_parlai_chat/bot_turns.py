"""A conversation as a ParlAI model knows it: what it heard, what it said, in turns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crowdcore.bots import Act
from crowdcore.state import canonical


@dataclass(frozen=True)
class Turn:
    """What the model heard and what it said to it; None for the turn that waits for its answer."""

    heard: str
    said: str | None = None


def turns_of(conversation: Sequence[Act], me: str, when_first: str) -> list[Turn]:
    """The turns of `me`, oldest first: what others said in a row is heard as lines of one text.

    `when_first` is what it hears if nobody has spoken yet; if that is empty too, there is no turn.
    """
    turns: list[Turn] = []
    heard: list[str] = [when_first] if when_first and (not conversation or conversation[0].sender == me) else []
    said: list[str] = []
    for act in conversation:
        if act.sender == me:
            said.append(text_of(act.data))
            continue
        if said:
            turns.append(Turn("\n".join(heard), "\n".join(said)))
            heard, said = [], []
        heard.append(text_of(act.data))
    if said:
        turns.append(Turn("\n".join(heard), "\n".join(said)))
    elif heard:
        turns.append(Turn("\n".join(heard)))
    return turns


def as_one(turns: Iterable[Turn]) -> str:
    """Everything that was said, a line each."""
    return "\n".join(text for turn in turns for text in (turn.heard, turn.said) if text)


def text_of(data: Any) -> str:
    """What was said: the text of an act, else its JSON."""
    text = data.get("text") if isinstance(data, dict) else data
    return text if isinstance(text, str) and text else canonical(data)
