# mypy: disable-error-code="empty-body"
"""Hooks of the blueprint: what a worker does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crowdcore.plugins.markers import decision, owner

if TYPE_CHECKING:
    from crowdcore.plugins.live_assignment import LiveAssignment
    from crowdcore.plugins.run import Run
    from crowdcore.state import AgentState
    from crowdcore.types import (
        Agent,
        Assignment,
    )


class BlueprintSpecs:
    """What a worker does."""

    @owner
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterable[Any]:
        """Items (JSON values), one per assignment, from ordinal `start`; may be endless; deterministic.

        @hookimpl
        def blueprint_task_data(run, start=0):
            for n in itertools.count(start):
                yield {"number": n}
        """

    @owner
    def blueprint_assignment_data(self, run: Run, assignment: Assignment) -> Any:
        """The item (JSON) an assignment runs on; default: the one stored at launch.

        @hookimpl
        def blueprint_assignment_data(run, assignment, inner):
            return {**inner(), "now": "fresh"}
        """

    @owner
    def blueprint_gate_data(self, run: Run, gate: str) -> Iterable[Any]:
        """Items (JSON) of a gate: `gate` is onboarding (one), screening (may be endless) or gold.

        An entry is an item as `blueprint_task_data` gives it; its key `answers`, if any, is taken off and kept
        as what is known to be right. Default: the file that `gates.GATE.data` names.

            @hookimpl
            def blueprint_gate_data(run, gate, inner):
                return [{"n": 1, "answers": {"text": "one"}}] if gate == "gold" else inner()
        """

    @owner
    def blueprint_build(self, run: Run, build_dir: Path) -> None:
        """Write the front end that is served (at least index.html) into the empty folder `build_dir`.

        @hookimpl
        def blueprint_build(run, build_dir):
            (build_dir / "index.html").write_text(PAGE)
        """

    @owner
    def blueprint_frontend(self, run: Run) -> dict[str, Any]:
        """Options that page, provider and architect may read: title, frame_height (px), block_mobile, csp.

        @hookimpl
        def blueprint_frontend(run):
            return {"title": "My task", "csp": {"img-src": ["https:"]}}
        """

    @owner
    def agent_state(self, run: Run) -> type[AgentState]:
        """The AgentState class of this run.

        @hookimpl
        def agent_state(run):
            return MyState
        """

    @owner
    def blueprint_call(self, run: Run, agent: Agent, procedure: str, args: Any, request_id: str = "") -> Any | None:
        """Answer (JSON) a server procedure called from the page; a repeat of the same `request_id` does not get here.

        @hookimpl
        def blueprint_call(run, agent, procedure, args):
            return {"label": model(args["text"])}
        """

    @owner
    async def blueprint_live(self, run: Run, assignment: LiveAssignment) -> None:
        """One live assignment from start to end; cancelled when it must end.

        @hookimpl
        async def blueprint_live(run, assignment):
            message = await assignment.receive()
            await assignment.send(None, message.data, sender=message.sender, id=message.id)
        """

    @owner
    def blueprint_cleanup(self, run: Run, assignment: LiveAssignment) -> None:
        """Free what `blueprint_live` of this assignment holds; called after it ended, bounded in time.

        @hookimpl
        def blueprint_cleanup(run, assignment):
            games.pop(assignment.conversation, None)
        """

    @owner
    def blueprint_simulate(self, run: Run, agent: Agent) -> dict[str, Any]:
        """What a simulated worker would submit: {"data": JSON, "files": {field: (name, bytes)}}.

        @hookimpl
        def blueprint_simulate(run, agent):
            return {"data": {"answer": 42}, "files": {}}
        """

    @owner
    def blueprint_render(self, run: Run, agent: Agent, format: Literal["html", "text"]) -> str:
        """A result for review, as HTML (shown in a sandboxed frame) or plain text.

        @hookimpl
        def blueprint_render(run, agent, format):
            return str(agent.state.get_parsed_data())
        """

    @decision
    def blueprint_validate(
        self, run: Run, agent: Agent, data: Any, files: dict[str, dict[str, Any]]
    ) -> dict[str, list[str]] | None:
        """Field errors {field: [message]}, merged over all plugins; nothing is stored if there is any.

        `files` is {field: {"name", "size", "sha256", "type"}} of the uploads that `data` names.

            @hookimpl
            def blueprint_validate(run, agent, data, files):
                if not data.get("answer"):
                    return {"answer": ["This field is required."]}
        """
