"""The author's pages of one run, read from their files and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blueprint_static.rows import lacking
from blueprint_static.template import Template
from crowdcore.blueprints import is_below
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from blueprint_static.options import StaticOptions

HTML = "html"
"""The member of `work.init` that holds the page; a column of this name is only seen by the page itself."""
PAGE = "$page"
"""The member of an item that says that it is shown by another page than the task's."""
_CLIENT = re.compile(
    r"""<script\b[^>]*\bsrc\s*=\s*["']?[^"'>]*\bcrowd\.js\b|\bimport\b[^;]*["'][^"']*\bcrowd\.js["']"""
)


@dataclass
class Pages:
    """What `options` name. Files are read when they are first needed; ConfigError if they cannot be."""

    options: StaticOptions

    @cached_property
    def is_bundle(self) -> bool:
        """Whether the page is a front end that talks to the server itself."""
        if self.options.mode != "auto" or self.options.build_command:
            return self.options.mode == "bundle" or bool(self.options.build_command)
        return _CLIENT.search(read_page(self.options.task_source, "task_source")) is not None

    @cached_property
    def task(self) -> Template | None:
        """The page; None for a bundle."""
        return None if self.is_bundle else Template(read_page(self.options.task_source, "task_source"), self._is_file)

    @cached_property
    def onboarding(self) -> Template | None:
        """The page of the onboarding; None if there is none of its own."""
        path = self.options.onboarding_source
        return None if path is None else Template(read_page(path, "onboarding_source"), self._is_file)

    def _is_file(self, name: str) -> bool:
        """Whether files beside the page have this name."""
        folder = self.options.extra_source_dir
        return folder is not None and is_below(folder, name)

    def preview(self) -> str | None:
        """The page for visitors without identity, which no row fills; None if there is none of its own."""
        path = self.options.preview_source
        if path is None:
            return None
        template = Template(read_page(path, "preview_source"))
        alone = "there is no row of data here; write $${…} for the text itself"
        _refuse(path, template.faults + [f"{slot.line}: ${{{slot.name}}}: {alone}" for slot in template.slots])
        return template.fill({})

    def entry(self, entry: Any, where: str, *, onboarding: bool) -> Any:
        """An entry of a gate, once its page can be filled with it; ConfigError that begins with `where`."""
        row = {name: value for name, value in entry.items() if name != "answers"} if isinstance(entry, dict) else entry
        template = self.onboarding
        if onboarding and template is not None and isinstance(row, dict):
            assert self.options.onboarding_source is not None
            _refuse(self.options.onboarding_source, template.check(list(row), self.options.answer_columns))
            return {**entry, PAGE: "onboarding"}
        try:
            self.check_row(row)
        except ValueError as error:
            raise ConfigError(f"{where}: {error}") from None
        return entry

    def check_row(self, row: Any) -> None:
        """ValueError if the page cannot be filled with `row`; ConfigError if the page is at fault."""
        needed = self._needed
        if isinstance(row, dict) and all(name in row for name in needed):
            if not self._checked:
                self.check_columns(list(row))
            return
        if not self._checked and isinstance(row, dict):
            self.check_columns(list(row))
        raise ValueError(lacking(row, needed))

    def check_columns(self, columns: list[str]) -> None:
        """ConfigError with every fault of the page, and with unknown columns, once."""
        problems = self.task.check(columns, self.options.answer_columns) if self.task else []
        _refuse(self.options.task_source, problems)
        unknown = [name for name in self.options.answer_columns if name not in columns]
        if unknown:
            raise ConfigError(
                f"blueprint.answer_columns: the data has no column {', '.join(unknown)}; it has {', '.join(columns)}"
            )
        self._checked = True

    _checked = False

    @cached_property
    def _needed(self) -> list[str]:
        return list(dict.fromkeys(slot.name for slot in self.task.slots)) if self.task else []

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """What the worker's page gets: the row without answer columns, and the page as `html`."""
        hidden = {PAGE, *self.options.answer_columns}
        shown = {name: value for name, value in row.items() if name not in hidden}
        template = self.onboarding if row.get(PAGE) == "onboarding" else self.task
        return shown if template is None else {**shown, HTML: template.fill(shown)}


def read_page(path: Path, option: str) -> str:
    """The text of an HTML file; ConfigError if there is none."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"blueprint.{option}: {path}: cannot be read: {error.strerror or error}") from None


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        raise ConfigError.many([f"{path}:{problem}" for problem in problems])
