"""The data of one agent whose page calls procedures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from blueprint_static import StaticState

from crowdcore.state import nonblocking

CALLS = "calls"
"""The member of `work.init` and of the result that holds the calls."""


@dataclass
class RemoteProcedureState(StaticState):
    """As of the static blueprint; `calls` are the procedure calls so far, oldest first (AgentState.set_calls)."""

    calls: list[dict[str, Any]] = field(default_factory=list)

    @nonblocking
    def set_calls(self, calls: list[dict[str, Any]]) -> None:
        """Take the calls that were answered so far."""
        self.calls = calls

    @nonblocking
    def get_init_state(self) -> Any:
        """What the static page gets, and `calls`: a page that is loaded again draws from them."""
        shown = super().get_init_state()
        return {**shown, CALLS: self.calls} if isinstance(shown, dict) else shown

    @nonblocking
    def get_parsed_data(self) -> Any:
        """The answers, and `calls`; None before the submission."""
        data = super().get_parsed_data()
        return {**data, CALLS: self.calls} if isinstance(data, dict) else data
