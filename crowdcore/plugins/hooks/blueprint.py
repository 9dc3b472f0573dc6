"""Blueprint hooks, typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crowdcore.base.faults import shown
from crowdcore.errors import CrowdError, HookFailed
from crowdcore.plugins.hooks.callers import failed, report
from crowdcore.plugins.hooks.typed import TypedCallers

if TYPE_CHECKING:
    from crowdcore.plugins.live_assignment import LiveAssignment
    from crowdcore.state import AgentState
    from crowdcore.types import Agent, Assignment

UNCHECKED = "Your answer could not be checked. The people who run this task have been told; please try again later."
"""What a worker reads when a `blueprint_validate` raised, or answered what is no answer: nothing was judged."""


class BlueprintHooks(TypedCallers):
    """What a worker does."""

    def blueprint_task_data(self, start: int = 0) -> Iterator[Any]:
        """Items from ordinal `start`, one per assignment; runs on the calling thread (the launcher's).

        PluginError or HookFailed, also between two items.
        """
        return self._items_of("blueprint_task_data", start=start)

    task_data = blueprint_task_data

    def blueprint_gate_data(self, gate: str) -> Iterator[Any]:
        """Items of a gate, as `blueprint_task_data` gives those of the task; on the calling thread."""
        return self._items_of("blueprint_gate_data", gate=gate)

    def _items_of(self, hook: str, **given: Any) -> Iterator[Any]:
        items = self._owner_here(hook, **given)
        if not isinstance(items, Iterable) or isinstance(items, str | bytes | Mapping):
            raise self._wrong(hook, items)
        source = self._chains[hook][0]
        iterator = iter(items)
        while True:
            try:
                item = next(iterator)
            except StopIteration:
                return
            except (CrowdError, KeyboardInterrupt):
                raise
            except BaseException as error:  # even sys.exit(), which would end the launching thread unseen
                raise failed(source, error) from error
            yield item

    async def blueprint_assignment_data(self, assignment: Assignment) -> Any:
        """The item (JSON) an assignment runs on."""
        return await self._owner("blueprint_assignment_data", assignment=assignment)

    async def blueprint_build(self, build_dir: Path) -> None:
        """Write the front end into the empty folder `build_dir`."""
        await self._tell("blueprint_build", build_dir=build_dir)

    async def blueprint_frontend(self) -> dict[str, Any]:
        """Options that page, provider and architect may read."""
        return await self._want("blueprint_frontend", dict)

    async def agent_state(self) -> type[AgentState]:
        """The AgentState class of this run."""
        from crowdcore.state import AgentState  # dataclasses-json, 50 ms

        found = await self._want("agent_state", type)
        if issubclass(found, AgentState):
            return found
        raise self._wrong("agent_state", found)

    async def blueprint_call(self, agent: Agent, procedure: str, args: Any, request_id: str = "") -> Any | None:
        """The JSON answer of a server procedure; at most two at a time for one agent."""
        given = {"agent": agent, "procedure": procedure, "args": args, "request_id": request_id}
        return await self._owner("blueprint_call", agent.id, **given)

    async def blueprint_live(self, assignment: LiveAssignment) -> None:
        """One live assignment from start to end, on the event loop; cancel the task to end it."""
        await self._owner_async("blueprint_live", assignment=assignment)

    async def blueprint_cleanup(self, assignment: LiveAssignment) -> None:
        """Free what `blueprint_live` holds."""
        await self._tell("blueprint_cleanup", assignment=assignment)

    async def blueprint_simulate(self, agent: Agent) -> dict[str, Any]:
        """What a simulated worker would submit: {"data": JSON, "files": {field: (name, bytes)}}."""
        return await self._want("blueprint_simulate", dict, agent=agent)

    async def blueprint_render(self, agent: Agent, format: Literal["html", "text"]) -> str:
        """A result for review."""
        return await self._want("blueprint_render", str, agent=agent, format=format)

    async def blueprint_validate(
        self, agent: Agent, data: Any, files: dict[str, dict[str, Any]]
    ) -> dict[str, list[str]]:
        """Field errors of all plugins, merged in the order asked; {} if the data may be stored.

        A plugin that raised refuses with the field "" (the whole form); HookFailed when busy or overrun.
        """
        merged: dict[str, list[str]] = {}
        for source, value, error in await self._ask("blueprint_validate", agent=agent, data=data, files=files):
            found = {"": [UNCHECKED]} if error else _messages(value)
            if found is None:
                detail = f"answered {shown(value)}; the hook wants a dict of lists"
                report(
                    HookFailed(source.author, source.hook, "error", detail), {"worker": agent.worker, "agent": agent}
                )
                found = {"": [UNCHECKED]}
            for name, messages in found.items():
                merged.setdefault(name, []).extend(m for m in messages if m not in merged[name])
        return merged


def _messages(value: Any) -> dict[str, list[str]] | None:
    """Errors by field without empty lists; None if it is not that."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return None
    found = {name: [said] if isinstance(said, str) else said for name, said in value.items()}
    for name, said in found.items():
        if not (isinstance(name, str) and isinstance(said, list | tuple) and all(isinstance(m, str) for m in said)):
            return None
    return {name: list(said) for name, said in found.items() if said}
