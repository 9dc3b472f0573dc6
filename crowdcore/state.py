"""AgentState: the data of one agent, as blueprints see it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Self, TypeVar

from dataclasses_json import DataClassJsonMixin

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with str keys."""


F = TypeVar("F")

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_encode_as_is = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def canonical(value: Json) -> str:
    """`value` as canonical JSON text: sorted keys, no spaces, no NaN; ValueError if it cannot be."""
    return _encode(value)


def nonblocking(method: F) -> F:
    """Promise that a method of an AgentState only computes (no I/O, well under a millisecond).

    A class whose methods all promise it is asked in place; all others run on worker threads, which costs each call a
    fraction of a millisecond and cannot hold up anybody else.
    """
    method.crowdcore_nonblocking = True  # type: ignore[attr-defined]
    return method


def json_text(value: Json) -> str:
    """`value` as compact JSON text, its members in the order that they have; ValueError or TypeError if it has none."""
    return _encode_as_is(value)


@dataclass
class AgentState(DataClassJsonMixin):
    """The data of one agent. Subclass it, add fields, and return the class from `agent_state`.

    Methods compute; none of them does I/O. They run on worker threads (`nonblocking` says which need none), for at
    most 10 seconds a call. The core stores `save_data()` in the transaction of the submission and builds the object
    again with `load_data()`.

    `init` is the assignment's item (JSON). `data` is what was submitted (None before). `files` lists
    the uploads that the submission named: dicts `{"field", "file", "name", "size", "sha256", "type"}`.
    """

    init: Json = None
    data: Json = None
    files: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def check_item(cls, item: Json) -> None:
        """Raise ValueError (one line) if `item` is no task data for this work.

        Asked of every item before it is launched, of golds and screening items too, wherever they come from; the launch
        stops with the item's number.
        """

    def set_init_state(self, item: Json) -> None:
        """Take the assignment's item; called once, before the worker sees anything."""
        self.init = item

    def get_init_state(self) -> Json:
        """What the worker's page gets as `work.init`; never put answers here."""
        return self.init

    def set_calls(self, calls: list[dict[str, Any]]) -> None:
        """Take the procedure calls that were answered so far, oldest first, whenever this object has been built.

        [{"request_id", "procedure", "args", "result", "error" (null, or {"code", "detail"}), "at" (seconds since the
        epoch), "seconds"}]; only asked for if it is overridden.
        """

    def update_data(self, packet: Json) -> None:
        """Take one frame of live work that this agent was sent ({"type": "message", "sender", "data", …}).

        Called for each, oldest first, whenever this object has been built before its submission; only if overridden.
        """

    def set_conversation(self, conversation: dict[str, Any]) -> None:
        """Take what is known of the conversation this agent is in, whenever this object has been built.

        {"id", "status", "you" (display name), "people": [{"seat", "name", "role", "person" (bool), "bot" (null or what
        `about` of the bot said)}], "data" (JSON that the blueprint kept with `save`)}; only asked for if overridden.
        """

    def update_submit(self, data: Json, files: list[dict[str, Any]]) -> None:
        """Take the validated submission and its files."""
        self.data = data
        self.files = files

    def get_data(self) -> Json:
        """Everything the page needs to redraw the work after a reconnect."""
        return {"init": self.get_init_state(), "data": self.data}

    def get_parsed_data(self) -> Json:
        """The result as review and export show it."""
        return self.data

    def save_data(self) -> str:
        """The whole state as canonical JSON text (default: every dataclass field)."""
        plain = _plain_fields(type(self))
        if plain is not None:
            with suppress(TypeError):  # not JSON as it is, say a nested dataclass: to_dict knows what to do
                return canonical({name: getattr(self, name) for name in plain})
        return canonical(self.to_dict())

    @classmethod
    def load_data(cls, text: str) -> Self:
        """The state that `save_data` wrote."""
        return cls.from_dict(json.loads(text))


@cache
def _plain_fields(cls: type[AgentState]) -> tuple[str, ...] | None:
    """The fields of a state class; None if dataclasses-json was told to write some of them its own way.

    to_dict copies and inspects every value, which costs ten times as much as writing the text.
    """
    own_way = cls.dataclass_json_config or any("dataclasses_json" in each.metadata for each in fields(cls))
    return None if own_way else tuple(each.name for each in fields(cls))
