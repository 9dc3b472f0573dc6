"""Acts, as ParlAI's worlds know them, and what crosses to and from people's pages."""

from __future__ import annotations

import copy
import sys
from typing import Any

from crowdcore.state import canonical

UNSENT = frozenset({"id", "message_id", "metrics"})
"""Fields of an act that no page gets: two travel in the frame, the third is a model's own."""
FORM, CONTEXT = "respond_with_form", "context"
"""Members of an act's `task_data` that become frames of their own."""


class Message(dict[str, Any]):
    """An act: a dict whose fields are not overwritten by mistake."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            raise RuntimeError(f"the act already has {key!r}; act.force_set({key!r}, …) overwrites it")
        super().__setitem__(key, value)

    def force_set(self, key: str, value: Any) -> None:
        """Set a field, there or not."""
        super().__setitem__(key, value)

    def copy(self) -> Message:
        """A copy of the same class."""
        return type(self)(self)

    def json_safe_payload(self) -> dict[str, Any]:
        """Its fields without those that are no JSON by their nature."""
        return {key: value for key, value in self.items() if key != "metrics"}


class NoAct(Exception):
    """What a world gave to `observe` is no act; one line."""


def made(fields: dict[str, Any]) -> Any:
    """An act of these fields: ParlAI's own Message where the world uses ParlAI."""
    theirs = sys.modules.get("parlai.core.message")
    return (Message if theirs is None else theirs.Message)(fields)


def from_page(data: Any, most: int) -> dict[str, Any]:
    """The fields of an act that a page (or a bot) sent as `data` (any JSON).

    `text` is text of at most `most` characters (0: any number), `episode_done` a bool, `task_data` an object.
    """
    fields = dict(data) if isinstance(data, dict) else {"text": data}
    for name in ("id", "message_id"):
        fields.pop(name, None)
    text, task_data = fields.get("text"), fields.get("task_data")
    if not isinstance(text, str):
        text = "" if text is None or isinstance(text, dict | list) else str(text)
    fields["text"] = text[:most] if most else text
    fields["episode_done"] = fields.get("episode_done") is True
    fields["task_data"] = dict(task_data) if isinstance(task_data, dict) else {}
    return fields


def to_page(act: Any) -> dict[str, Any]:
    """The fields of an act as JSON of its own (nothing is shared with the world); NoAct if it is none.

    A model's further fields that are no JSON (tensors, scores) stay here.
    """
    if not isinstance(act, dict):
        raise NoAct(f"an act is a dict with 'text', not {_kind(act)}")
    if not all(isinstance(name, str) for name in act):
        raise NoAct("the names of an act's fields are texts")
    text, task_data = act.get("text", ""), act.get("task_data")
    if not isinstance(text, str):
        raise NoAct(f"the field 'text' of an act is text, not {_kind(text)}")
    if task_data is not None and not isinstance(task_data, dict):
        raise NoAct(f"the field 'task_data' of an act is a dict, not {_kind(task_data)}")
    fields = {name: copy.deepcopy(value) for name, value in act.items() if name not in UNSENT and _is_json(value)}
    if task_data and "task_data" not in fields:
        raise NoAct(f"the field 'task_data' of an act must be JSON: {_fault(task_data)}")
    if not fields.get("task_data"):
        fields.pop("task_data", None)
    if not fields.get("episode_done"):
        fields.pop("episode_done", None)
    return fields


def is_empty(fields: dict[str, Any]) -> bool:
    """Whether there is nothing to show or to tell in what `to_page` made."""
    return not fields.get("text") and not set(fields) - {"text"}


def _is_json(value: Any) -> bool:
    return _fault(value) is None


def _fault(value: Any) -> str | None:
    try:
        canonical(value)
    except (TypeError, ValueError, RecursionError) as error:
        return " ".join(str(error).split())
    return None


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
