"""The static blueprint's hooks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blueprint_static.options import StaticOptions
from blueprint_static.pages import Pages, read_page
from crowdcore import hookimpl
from crowdcore.blueprints import publish
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from crowdcore import Agent, AgentState, Run

_STATIC = Path(__file__).parent / "static"
_OURS = "crowd-static"
_KEPT = "bundle"
"""Beside the build folder: the bundle as it was at launch, which a resume serves again."""


class StaticBlueprint:
    """A worker works on an HTML page, filled with a row of data; or on a front end of the author's own."""

    Options = StaticOptions
    options: StaticOptions

    @cached_property
    def pages(self) -> Pages:
        """The author's pages."""
        return Pages(self.options)

    @hookimpl
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterator[dict[str, Any]]:
        """Rows of the data file, each checked against the page; ConfigError names file and line."""
        from blueprint_static.rows import rows  # not needed where hooks.py makes the rows

        self._build_bundle(run)
        return rows(self.options, self.pages.check_row, start)

    @hookimpl
    def blueprint_gate_data(self, run: Run, gate: str, inner: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        """Rows of a gate, checked against the page that shows them; `answers` stay beside them.

        With an onboarding_source the onboarding needs no row: its page is shown as it is, or filled with the one given.
        """
        own = gate == "onboarding" and self.options.onboarding_source is not None
        found = False
        for entry in inner():
            found = True
            yield self.pages.entry(entry, f"gates.{gate}.data", onboarding=own)
        if own and not found:
            yield self.pages.entry({}, "onboarding_source", onboarding=True)

    def _build_bundle(self, run: Run) -> None:
        if self.options.build_command and not run.from_snapshot:
            from blueprint_static import bundle

            if bundle.build(self.options, Path(run.task_dir)):
                run.log.info("built %s", self.options.task_source)

    @hookimpl
    def blueprint_build(self, run: Run, build_dir: Path) -> None:
        """Write the page that shows the author's, with the files that it names; or the author's own front end."""
        extra = self.options.extra_source_dir
        if extra is not None:
            publish(extra, build_dir, "blueprint.extra_source_dir")
            taken = [name for name in ("index.html", _OURS) if (build_dir / name).exists()]
            if taken:
                raise ConfigError(f"blueprint.extra_source_dir: {extra / taken[0]}: the page itself has this name")
        kept = build_dir.parent / _KEPT
        if run.from_snapshot and kept.is_dir():
            publish(kept, build_dir, "blueprint.task_source")
        elif self.pages.is_bundle or self.options.build_command:
            self._write_bundle(run, build_dir)
        else:
            self._write_page(build_dir)

    def _write_bundle(self, run: Run, build_dir: Path) -> None:
        from blueprint_static import bundle

        if run.from_snapshot:
            raise ConfigError("the front end as it was at launch is gone; `crowd resume --reload` uses it as it is now")
        self._build_bundle(run)
        bundle.copy(self.options, build_dir, Path(run.task_dir))
        kept = build_dir.parent / _KEPT
        shutil.rmtree(kept, ignore_errors=True)
        publish(build_dir, kept, "blueprint.task_source")

    def _write_page(self, build_dir: Path) -> None:
        publish(_STATIC, build_dir, "blueprint")
        preview = self.pages.preview()
        if preview is not None:
            (build_dir / _OURS / "preview.html").write_text(preview, "utf-8")

    @hookimpl
    def blueprint_frontend(self, run: Run) -> dict[str, Any]:
        """What the page may load, its height, and which pages there are."""
        from blueprint_static.policy import policy

        options = self.options
        named = [options.task_source, options.preview_source, options.onboarding_source]
        texts = [read_page(path, "task_source") for path in named if path is not None and path.is_file()]
        facts: dict[str, Any] = {
            "csp": policy(texts, options.csp), "preview_item": options.preview_source is None,
            "block_mobile": options.block_mobile,
            "pages": ["preview"] if options.preview_source is not None and not self.pages.is_bundle else [],
        }  # fmt: skip
        return {**facts, "frame_height": options.frame_height} if options.frame_height else facts

    @hookimpl
    def agent_state(self, run: Run) -> type[AgentState]:
        """StaticState, which knows the run's pages."""
        from blueprint_static.state import StaticState  # pulls dataclasses-json, which start-up does not need

        return StaticState.of(self.pages)

    @hookimpl(nonblocking=True)
    def blueprint_validate(self, data: Any) -> dict[str, list[str]] | None:
        """The answers of a page are {field: value}; what they say is the author's matter (hooks.py)."""
        if isinstance(data, dict) or self.pages.is_bundle:
            return None
        return {"": ["The answers must be an object {field: value}."]}

    @hookimpl
    def blueprint_simulate(self, run: Run, agent: Agent) -> dict[str, Any]:
        """Values for the fields that the page shows; an empty answer for a bundle, whose fields nobody knows."""
        from blueprint_static.simulate import simulated_answer  # only simulations need it

        shown = agent.state.get_init_state()
        page = shown.get("html") if isinstance(shown, dict) and not self.pages.is_bundle else None
        data, files = simulated_answer(page or "", agent.id)
        return {"data": data, "files": files}
