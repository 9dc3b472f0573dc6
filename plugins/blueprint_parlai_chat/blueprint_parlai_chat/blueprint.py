"""The parlai_chat blueprint's hooks."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from blueprint_parlai_chat.options import ChatOptions
from crowdcore import hookimpl
from crowdcore.blueprints import publish
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType

    from blueprint_parlai_chat.running import Conversations
    from blueprint_parlai_chat.worldfile import WorldFile
    from crowdcore import Agent, AgentState, LiveAssignment, Run
    from crowdcore.blueprints import ShortForm

_PAGE = Path(__file__).parent / "page"
_CSP: dict[str, list[str]] = {"img-src": ["https:"], "media-src": ["https:", "data:"]}
"""What the author's HTML may use, besides the page's own files."""
_MODELS_STACK = 8 * 1024 * 1024
"""Bytes of stack of a conversation's thread where the world computes with a model; what is not used costs nothing."""


class ParlaiChat:
    """People talk with each other, and a world of ParlAI's kind says how."""

    needs = frozenset({"live"})
    Options = ChatOptions
    options: ChatOptions
    _file: WorldFile | None = None

    # --- the world file ---------------------------------------------------------------------------------

    def load_python(self, module: Callable[[Path], ModuleType]) -> None:
        """Load the world file; ConfigError if it cannot be run, or lacks what a world file needs."""
        from blueprint_parlai_chat.worldfile import WorldFile  # the parts that only a launch or a resume needs

        if self._file is not None:
            return
        file, seats = WorldFile.load(module, self.options.world_file), self.options.units_per_assignment
        if file.agent_count != seats:
            raise ConfigError(
                f"blueprint.units_per_assignment: {seats}, but get_world_params() of {file.path.name} says agent_count "
                f"{file.agent_count}; make them agree"
            )
        self._file = file

    def _world_file(self, run: Run) -> WorldFile:
        self.load_python(run.module)
        assert self._file is not None
        return self._file

    @property
    def live_onboarding(self) -> bool:
        """Whether onboarding is a conversation with a world."""
        from blueprint_parlai_chat.worldfile import declares_onboarding

        if self._file is not None:
            return self._file.has_onboarding
        return declares_onboarding(self.options.world_file)

    @cached_property
    def form(self) -> ShortForm | None:
        """The final form; None without one."""
        from crowdcore.blueprints import read_form

        path = self.options.final_form
        return None if path is None else read_form(path, "blueprint.final_form")

    # --- task data and page -----------------------------------------------------------------------------

    @hookimpl
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterator[dict[str, Any]]:
        """Rows of the data file, or empty ones."""
        from blueprint_parlai_chat.rows import rows  # not needed where hooks.py makes the rows

        self._world_file(run)
        return rows(self.options, start)

    @hookimpl
    def blueprint_gate_data(self, run: Run, gate: str, inner: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        """The row of an onboarding, an empty one if none is given: its world says what happens."""
        from blueprint_parlai_chat.state import ONBOARDING

        entries = list(inner())
        if gate == "onboarding":
            file = self._world_file(run)
            if not file.has_onboarding:
                raise ConfigError(
                    f"gates.onboarding: {file.path.name} has no make_onboarding_world(opt, agent); write one, or leave "
                    "gates.onboarding out"
                )
            entries = [{**entry, ONBOARDING: True} for entry in entries or [{}]]
        return iter(entries)

    @hookimpl
    def blueprint_build(self, run: Run, build_dir: Path) -> None:
        """Write our page, or the author's own, with the author's HTML and files beside it."""
        self._world_file(run)
        options = self.options
        page = options.custom_source_dir or _PAGE
        if not (page / "index.html").is_file():
            raise ConfigError(f"blueprint.custom_source_dir: {page} has no index.html")
        texts = {name: read_html(path, option) for name, (option, path) in self._pages().items()}
        if options.custom_source_dir is None and not run.from_snapshot:
            from blueprint_parlai_chat.left_out import left_out  # only a launch tells

            for name, (_, path) in self._pages().items():
                for line in left_out(texts[name]):
                    run.log.warning("%s:%s", path, line)
        if options.extra_source_dir is not None:
            taken = {file.name for file in page.iterdir()} | {f"{name}.html" for name in texts}
            clash = next((f for f in sorted(options.extra_source_dir.iterdir()) if f.name in taken), None)
            if clash is not None:
                raise ConfigError(f"blueprint.extra_source_dir: {clash}: the page itself has this name")
            publish(options.extra_source_dir, build_dir, "blueprint.extra_source_dir")
        publish(page, build_dir, "blueprint.custom_source_dir")
        for name, text in texts.items():
            (build_dir / f"{name}.html").write_text(text, "utf-8")

    def _pages(self) -> dict[str, tuple[str, Path]]:
        """The author's fragments of HTML: {name: (option, file)}."""
        named = {"description": "task_description_file", "preview": "preview_source"}
        found = {name: (option, getattr(self.options, option)) for name, option in named.items()}
        return {name: (option, path) for name, (option, path) in found.items() if path is not None}

    @hookimpl
    def blueprint_frontend(self, run: Run) -> dict[str, Any]:
        """What the page may load, its title and height, and which pages of the author's there are."""
        csp = {name: [*_CSP.get(name, []), *self.options.csp.get(name, [])] for name in {**_CSP, **self.options.csp}}
        facts: dict[str, Any] = {"csp": csp, "pages": list(self._pages()), "block_mobile": self.options.block_mobile}
        if self.options.chat_title:
            facts["title"] = self.options.chat_title
        return {**facts, "frame_height": self.options.frame_height} if self.options.frame_height else facts

    @hookimpl
    def agent_state(self, run: Run) -> type[AgentState]:
        """ChatState, which knows what every page of the run shows."""
        from blueprint_parlai_chat.rows import order
        from blueprint_parlai_chat.state import ChatState, Shown  # pulls dataclasses-json, which start-up does not need

        options, task = self.options, run.config.task
        path = options.task_description_file
        seats = range(1, (options.units_per_assignment or 2) + 1)
        return ChatState.of(Shown(
            title=options.chat_title or task.title or task.name,
            description="" if path is None else read_html(path, "task_description_file"),
            final_form=None if self.form is None else self.form.document,
            max_message_length=options.max_message_length, use_turns=options.use_turns,
            columns=order(options), hidden=tuple(options.answer_columns),
            roles=(*run.config.pairing.roles, *map(str, seats)),
        ))  # fmt: skip

    # --- conversations ----------------------------------------------------------------------------------

    @cached_property
    def _running(self) -> dict[int, Conversations]:
        return {}

    def _conversations(self, run: Run) -> Conversations:
        from blueprint_parlai_chat.running import Conversations

        if run.id not in self._running:
            self._running[run.id] = Conversations(self._world_file(run), run.log)
        return self._running[run.id]

    @hookimpl
    async def blueprint_live(self, run: Run, assignment: LiveAssignment) -> None:
        """The world of this conversation, on a thread of its own."""
        from crowdcore.live import in_thread

        conversations, options = self._conversations(run), self.options
        onboarding = assignment.assignment.kind == "onboarding"
        opt = {
            "task": run.config.task.name, "roles": list(run.config.pairing.roles), **_args(run.args),
            **(options.onboarding_world_opt if onboarding else options.world_opt),
        }  # fmt: skip
        most, turns = options.max_message_length, options.use_turns
        stack = {"stack": _MODELS_STACK} if "torch" in sys.modules else {}
        await in_thread(assignment, lambda game: conversations.run(game, opt, use_turns=turns, most=most), **stack)

    @hookimpl
    def blueprint_cleanup(self, run: Run, assignment: LiveAssignment) -> None:
        """Stop a world that does not end by itself."""
        self._conversations(run).stop(assignment.conversation)

    @hookimpl
    def validate_onboarding(self, run: Run, agent: Agent) -> bool | None:
        """What the world file says; without a word from it (and no declared answers) who came to the end has passed."""
        from blueprint_parlai_chat.state import ChatState

        assert isinstance(agent.state, ChatState)
        judged = self._world_file(run).judge(agent.state.onboarded())
        gate = run.config.gates.onboarding
        return True if judged is None and (gate is None or gate.answers is None) else judged

    # --- what is handed in ------------------------------------------------------------------------------

    @hookimpl(nonblocking=True)
    def blueprint_validate(self, agent: Agent, data: Any) -> dict[str, list[str]] | None:
        """The faults of the final form's answers; without a form nothing, or an object, is handed in."""
        if self.form is not None and agent.kind != "onboarding":
            return self.form.faults({} if data is None else data) or None
        return (
            None if data is None or isinstance(data, dict) else {"": ["The answers must be an object {name: value}."]}
        )

    @hookimpl
    def blueprint_simulate(self, run: Run, agent: Agent) -> dict[str, Any]:
        """Answers to the final form."""
        questions = [] if self.form is None or agent.kind == "onboarding" else self.form.document["questions"]
        return {"data": {question["name"]: _sample(question) for question in questions}, "files": {}}

    @hookimpl
    def blueprint_render(self, run: Run, agent: Agent, format: Literal["html", "text"]) -> str:
        """What was said, and the answers."""
        from blueprint_parlai_chat.render import render_html, render_text

        render = render_html if format == "html" else render_text
        return render(agent.state.get_parsed_data(), None if self.form is None else self.form.document)


def read_html(path: Path, option: str) -> str:
    """The text of an author's HTML file; ConfigError if it cannot be read."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"blueprint.{option}: {path}: cannot be read: {error.strerror or error}") from None


def _args(args: Any) -> dict[str, Any]:
    return dataclasses.asdict(args) if dataclasses.is_dataclass(args) and not isinstance(args, type) else dict(args)


def _sample(question: dict[str, Any]) -> Any:
    match question["type"]:
        case "rating":
            return question["max"]
        case "choice":
            return question["options"][0]
        case "choices":
            return question["options"][:1]
    return "simulated"
