"""Answers as an export shows them: by the run's own AgentState, and as they are stored where that cannot be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from crowdcore.base.faults import described
from crowdcore.state import AgentState, canonical
from crowdcore.work.stored import stored_state_class

if TYPE_CHECKING:
    from crowdcore.store import Database
    from crowdcore.store.queries.runs import RunRow

Told = Callable[[str], None]
"""Takes a line for whoever asked for the export."""

_OWN = {"init", "data", "files"}
"""What a state has whose class adds nothing."""


class Answer(NamedTuple):
    """One stored state: its result, its item, the fields of its files by their ids (None: nobody knows).

    `unparsed` is None, or {"why", "state"}: the task's code could not read it; `data` is what was submitted, and
    `state` all that is stored.
    """

    data: Any
    init: Any
    fields: dict[str, str] | None
    unparsed: dict[str, Any] | None = None


class Answers:
    """Reads stored states, run by run; `told` hears once for each run of what its own code cannot read."""

    def __init__(self, database: Database, told: Told) -> None:
        self._database = database
        self._told = told
        self._classes: dict[int, tuple[type[AgentState] | None, str]] = {}
        self._failed: set[int] = set()

    def read(self, run: RunRow, agent_id: int, text: str) -> Answer:
        """The state `text` of an agent of the run."""
        cls, why = self._class_of(run)
        if cls is None:
            return _as_stored(text, why)
        try:
            return _parsed(cls, text)
        except (Exception, SystemExit) as error:  # the task's own code
            why = described(error)
            if run.id not in self._failed:
                self._failed.add(run.id)
                self._told(f"run {run.name}: agent {agent_id} (perhaps others too) is exported as it is stored, "
                           f"see `unparsed`: {cls.__name__} cannot read it: {why}")  # fmt: skip
            return _as_stored(text, why)

    def _class_of(self, run: RunRow) -> tuple[type[AgentState] | None, str]:
        if run.id not in self._classes:
            cls, why = asyncio.run(stored_state_class(self._database, run))
            self._classes[run.id] = (cls, why or "")
            if cls is None:
                self._told(f"run {run.name}: its answers are exported as they are stored, see `unparsed`: {why}")
            elif why is not None:
                self._told(f"run {run.name}: its answers are read without what is missing: {why}")
        return self._classes[run.id]


def _parsed(cls: type[AgentState], text: str) -> Answer:
    state = cls.load_data(text)
    data = state.get_parsed_data()
    if cls.get_parsed_data is not AgentState.get_parsed_data or cls.load_data.__func__ is not _LOAD:  # type: ignore[attr-defined]
        canonical([data, state.init]).encode()  # else it is the JSON that was stored
    return Answer(data, state.init, {file["file"]: file["field"] for file in state.files})


_LOAD = AgentState.load_data.__func__  # type: ignore[attr-defined]


def _as_stored(text: str, why: str) -> Answer:
    try:
        state = json.loads(text)
    except ValueError:
        state = text
    if not isinstance(state, dict) or "data" not in state:
        return Answer(state, None, None, {"why": why, "state": state})
    more = state if state.keys() - _OWN else None
    return Answer(state["data"], state.get("init"), _fields(state.get("files")), {"why": why, "state": more})


def _fields(files: Any) -> dict[str, str] | None:
    if not isinstance(files, list) or not all(isinstance(f, dict) and {"file", "field"} <= f.keys() for f in files):
        return None
    return {str(f["file"]): str(f["field"]) for f in files}
