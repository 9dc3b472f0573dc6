"""Options of the static blueprint, as written under `blueprint:` in task.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crowdcore.options import option

DATA = ("data_csv", "data_json", "data_jsonl")


@dataclass(frozen=True, kw_only=True)
class StaticOptions:
    """A page, and at most one source of rows; without one, hooks.py yields them (`blueprint_task_data`)."""

    task_source: Path = option(help="The page: an HTML file with ${column}, or a bundle's index.html", must_exist=False)
    data_csv: Path | None = option(None, help="Rows: a CSV file (UTF-8, commas, a header), read as a stream")
    data_json: Path | None = option(None, help="Rows: a JSON file with a list of objects")
    data_jsonl: Path | None = option(None, help="Rows: a file with one JSON object a line, read as a stream")
    answer_columns: list[str] = option(factory=list, help="Columns that never reach a page (known answers)")
    preview_source: Path | None = option(
        None, help="HTML shown to visitors without identity (default: the page with the first row)"
    )
    onboarding_source: Path | None = option(None, help="HTML of the onboarding, for gates.onboarding")
    extra_source_dir: Path | None = option(
        None, help="Folder of files that the page names (images, video, css): they lie beside the page"
    )
    csp: dict[str, list[str]] = option(
        factory=dict, help="Further sources for the content security policy, say {connect-src: [https://api.example]}"
    )
    mode: Literal["auto", "page", "bundle"] = option(
        "auto",
        help="page: an author's HTML; bundle: a built front end that talks through crowd.js itself "
        "(auto: bundle with a build_command or if the page loads crowd.js)",
    )
    build_command: str | None = option(
        None, help="Builds the bundle before launch, when its sources are newer than task_source"
    )
    build_dir: str | None = option(
        None,
        path=True,
        help="Where build_command runs (default: the nearest folder above task_source with a package.json)",
    )
    build_timeout: float = option(600.0, help="Seconds that build_command may take", min=1)
    frame_height: int = option(0, help="Height in pixels of the page on platforms; 0 = their own choice", min=0)
    block_mobile: bool = option(False, help="Refuse phones and tablets")

    def __post_init__(self) -> None:
        """ValueError if options contradict each other."""
        named = [name for name in DATA if getattr(self, name)]
        if len(named) > 1:
            raise ValueError(f"give one of {', '.join(named)}, not more")
        if self.build_command and self.mode == "page":
            raise ValueError("build_command builds a bundle, and mode says page; leave one of them out")
