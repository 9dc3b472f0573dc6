"""Options of the parlai_chat blueprint, as written under `blueprint:` in task.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crowdcore.options import option

DATA = ("num_conversations", "context_csv", "context_jsonl")


@dataclass(frozen=True, kw_only=True)
class ChatOptions:
    """A world, and one of num_conversations, context_csv and context_jsonl; or hooks.py yields the rows."""

    world_file: Path = option(
        help="Python file with make_world(opt, agents) and get_world_params(), as ParlAI's crowdsourcing worlds have",
        path=True,
        python=True,
    )
    num_conversations: int | None = option(None, help="How many conversations to have, without rows of context", min=1)
    context_csv: Path | None = option(None, help="Rows: a CSV file (UTF-8, commas, a header), one conversation each")
    context_jsonl: Path | None = option(None, help="Rows: a file with one JSON object a line, one conversation each")
    units_per_assignment: int | None = option(
        None, help="How many people talk together (default: agent_count of get_world_params)", min=1
    )
    world_opt: dict[str, Any] = option(factory=dict, help="What make_world gets as opt, with the task's args and seed")
    onboarding_world_opt: dict[str, Any] = option(factory=dict, help="The same for make_onboarding_world")
    answer_columns: list[str] = option(factory=list, help="Columns that never reach a page; the world has them")
    chat_title: str = option("", help="Title of the page (default: the task's title)")
    task_description_file: Path | None = option(None, help="HTML that says what to do, shown beside the conversation")
    preview_source: Path | None = option(
        None, help="HTML shown to visitors without identity (default: the task's description)"
    )
    final_form: Path | None = option(
        None, help="Form (JSON, as gates.after_task) that everybody fills in when the conversation is over"
    )
    max_message_length: int = option(0, help="Characters that one message may have; 0 = no limit", min=0)
    use_turns: bool = option(True, help="act(timeout=…) shows whose turn it is; false: everybody may always write")
    custom_source_dir: Path | None = option(
        None, help="Folder with an index.html of your own in place of our page; it talks through crowd.js"
    )
    extra_source_dir: Path | None = option(
        None, help="Folder of files that pages name (images, sound, css): they lie beside the page"
    )
    csp: dict[str, list[str]] = option(
        factory=dict, help="Further sources for the content security policy, say {connect-src: [https://api.example]}"
    )
    frame_height: int = option(650, help="Height in pixels of the page on platforms; 0 = their own choice", min=0)
    block_mobile: bool = option(False, help="Refuse phones and tablets")

    def __post_init__(self) -> None:
        """ValueError if options contradict each other."""
        named = [name for name in DATA if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"give one of {', '.join(named)}, not more")
        if self.units_per_assignment is None:
            from blueprint_parlai_chat.worldfile import declared_count  # only where task.yaml says nothing

            object.__setattr__(self, "units_per_assignment", declared_count(self.world_file) or 2)
