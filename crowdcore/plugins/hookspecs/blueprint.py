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

        from itertools import count
        from crowdcore import hookimpl

        @hookimpl
        def blueprint_task_data(run, start=0):
            for number in count(start):
                yield {"number": number}
        """

    @owner
    def blueprint_assignment_data(self, run: Run, assignment: Assignment) -> Any:
        """The item (JSON) an assignment runs on; default: the one stored at launch.

        from datetime import date
        from crowdcore import hookimpl

        @hookimpl
        def blueprint_assignment_data(run, assignment, inner):
            return {**inner(), "today": date.today().isoformat()}
        """

    @owner
    def blueprint_gate_data(self, run: Run, gate: str) -> Iterable[Any]:
        """Items (JSON) of a gate: `gate` is onboarding (one), screening (may be endless) or gold.

        An entry is an item as `blueprint_task_data` gives it; its key `answers`, if any, is taken off and kept
        as what is known to be right. Default: the file that `gates.GATE.data` names.

            from crowdcore import hookimpl

            @hookimpl
            def blueprint_gate_data(run, gate, inner):
                return [{"photo": "anna.jpg", "answers": {"age": 40}}] if gate == "gold" else inner()
        """

    @owner
    def blueprint_build(self, run: Run, build_dir: Path) -> None:
        """Write the front end that is served (at least index.html) into the empty folder `build_dir`.

        from crowdcore import hookimpl

        PAGE = '''<!doctype html><html lang="en"><title>Birds</title>
        <form><label>Which bird is it? <input name="text"></label> <button>Send</button></form>
        <script type="module" src="page.js"></script>'''
        SCRIPT = '''import crowd from "./crowd.js"; const work = await crowd.start(), [form] = document.forms;
        form.onsubmit = (event) => { event.preventDefault(); work.submit({text: form.text.value}); };'''

        @hookimpl
        def blueprint_build(run, build_dir):
            (build_dir / "index.html").write_text(PAGE)
            (build_dir / "page.js").write_text(SCRIPT)
        """

    @owner
    def blueprint_frontend(self, run: Run) -> dict[str, Any]:
        """Options that page, provider and architect may read: title, frame_height (px), block_mobile, csp.

        from crowdcore import hookimpl

        @hookimpl
        def blueprint_frontend(run):
            return {"title": "Birds of our garden", "csp": {"img-src": ["https:"]}}
        """

    @owner
    def agent_state(self, run: Run) -> type[AgentState]:
        """The AgentState class of this run.

        from crowdcore import AgentState, hookimpl

        class TidyState(AgentState):
            def get_parsed_data(self):
                return {"text": self.data["text"].strip().lower()}

        @hookimpl
        def agent_state(run):
            return TidyState
        """

    @owner
    def blueprint_call(self, run: Run, agent: Agent, procedure: str, args: Any, request_id: str = "") -> Any | None:
        """Answer (JSON) a server procedure called from the page; a repeat of the same `request_id` does not get here.

        from crowdcore import hookimpl

        @hookimpl
        def blueprint_call(run, agent, procedure, args, inner):
            return {"words": len(args["text"].split())} if procedure == "count_words" else inner()
        """

    @owner
    async def blueprint_live(self, run: Run, assignment: LiveAssignment) -> None:
        """One live assignment from start to end; cancelled when it must end.

        from crowdcore import hookimpl

        @hookimpl
        async def blueprint_live(run, assignment):
            message = await assignment.receive()
            await assignment.send(None, message.data, sender=message.sender, id=message.id)
        """

    @owner
    def blueprint_cleanup(self, run: Run, assignment: LiveAssignment) -> None:
        """Free what `blueprint_live` of this assignment holds; called after it ended, bounded in time.

        import shutil
        from crowdcore import hookimpl

        @hookimpl
        async def blueprint_live(run, assignment):
            (run.task_dir / f"board-{assignment.conversation}").mkdir(exist_ok=True)
            await assignment.receive()

        @hookimpl
        def blueprint_cleanup(run, assignment):
            shutil.rmtree(run.task_dir / f"board-{assignment.conversation}")
        """

    @owner
    def blueprint_simulate(self, run: Run, agent: Agent) -> dict[str, Any]:
        """What a simulated worker would submit: {"data": JSON, "files": {field: (name, bytes)}}.

        from crowdcore import hookimpl

        @hookimpl
        def blueprint_simulate(run, agent):
            return {"data": {"text": f"{agent.worker.name} saw a robin"}, "files": {}}
        """

    @owner
    def blueprint_render(self, run: Run, agent: Agent, format: Literal["html", "text"]) -> str:
        """A result for review, as HTML (shown in a sandboxed frame) or plain text.

        from html import escape
        from crowdcore import hookimpl

        @hookimpl
        def blueprint_render(run, agent, format):
            text = agent.state.get_parsed_data()["text"]
            return f"<q>{escape(text)}</q>" if format == "html" else f'"{text}"'
        """

    @decision
    def blueprint_validate(
        self, run: Run, agent: Agent, data: Any, files: dict[str, dict[str, Any]]
    ) -> dict[str, list[str]] | None:
        """Field errors {field: [message]}, merged over all plugins; nothing is stored if there is any.

        `files` is {field: {"name", "size", "sha256", "type"}} of the uploads that `data` names.

            from crowdcore import hookimpl

            @hookimpl
            def blueprint_validate(run, agent, data, files):
                return None if data.get("text") else {"text": ["This field is required."]}
        """
