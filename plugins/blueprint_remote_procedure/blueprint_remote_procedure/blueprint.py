"""The remote_procedure blueprint's hooks: the static blueprint's, and the functions that its page may call."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blueprint_static import StaticBlueprint, StaticOptions

from crowdcore import hookimpl
from crowdcore.errors import ConfigError, RequestError
from crowdcore.options import option

if TYPE_CHECKING:
    from crowdcore import Agent, AgentState, Run


@dataclass(frozen=True, kw_only=True)
class RemoteProcedureOptions(StaticOptions):
    """Those of the static blueprint, and how long a procedure may take."""

    procedure_timeout: float = option(10.0, help="Seconds that a procedure may take", min=0.1, max=60)


class RemoteProcedureBlueprint(StaticBlueprint):
    """A static page, or a front end of the author's own, that calls `@crowdcore.procedure` functions."""

    Options = RemoteProcedureOptions
    options: RemoteProcedureOptions

    @hookimpl
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterator[dict[str, Any]]:
        """The static blueprint's rows; ConfigError if there is no procedure to call."""
        if not run.procedures:
            raise ConfigError(
                "blueprint 'remote_procedure': the task has no procedures; write @crowdcore.procedure(\"name\") above "
                "a function in hooks.py, or pass crowdcore.Procedures({…}) in hooks="
            )
        return super().blueprint_task_data(run, start)

    @hookimpl
    def blueprint_frontend(self, run: Run) -> dict[str, Any]:
        """What the static blueprint says, and how long a call may take."""
        return {**super().blueprint_frontend(run), "call_seconds": self.options.procedure_timeout}

    @hookimpl
    def agent_state(self, run: Run) -> type[AgentState]:
        """RemoteProcedureState, which keeps the calls."""
        from blueprint_remote_procedure.state import RemoteProcedureState  # pulls dataclasses-json, as in static

        return RemoteProcedureState.of(self.pages)

    @hookimpl
    def blueprint_call(self, run: Run, agent: Agent, procedure: str, args: Any, request_id: str) -> Any | None:
        """The answer of the task's function of this name; RequestError 404 if there is none."""
        found = run.procedures.get(procedure)
        if found is None:
            close = difflib.get_close_matches(procedure, run.procedures, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise RequestError(404, "unknown_procedure", f"This task has no procedure {procedure!r:.100}.{meant}")
        return found(run=run, agent=agent, args=args, request_id=request_id)

    @hookimpl(nonblocking=True)
    def blueprint_validate(self, data: Any) -> dict[str, list[str]] | None:
        """As in the static blueprint; a field may not have the name of what is stored beside the fields."""
        if isinstance(data, dict) and "calls" in data:
            return {"calls": ["This name is taken by the record of calls; give the field another name."]}
        return super().blueprint_validate(data)
