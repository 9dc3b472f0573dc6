"""The insertions folder: HTML that stands in for a text, and the author's own validators and triggers."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from blueprint_form.check_form import Custom
from blueprint_form.problems import Problem, key_path
from crowdcore.blueprints import is_below

VALIDATORS = "custom_validators.js"
TRIGGERS = "custom_triggers.js"

_REFERENCE = re.compile(r"insertions/((?:[\w-][\w.-]*/)*[\w-][\w.-]*\.html)")
_COMMENT = re.compile(r"/\*[\s\S]*?\*/|^\s*//.*$", re.MULTILINE)
_EXPORT = re.compile(r"\bexport\s+(?:async\s+)?(?:function\s*\*?|const|let|var)\s+([A-Za-z_$][\w$]*)")
_EXPORT_LIST = re.compile(r"\bexport\s*\{([^}]*)\}")


class Insertions:
    """The files of one insertions folder, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._texts: dict[str, str | None] = {}

    @cached_property
    def custom(self) -> Custom:
        """The names that the author's two modules export."""
        return Custom(self._exports(VALIDATORS), self._exports(TRIGGERS))

    def _exports(self, name: str) -> frozenset[str]:
        path = self.folder / name
        if not path.is_file():
            return frozenset()
        source = _COMMENT.sub("", path.read_text(encoding="utf-8"))
        names = set(_EXPORT.findall(source))
        for group in _EXPORT_LIST.findall(source):
            names |= {each.split(" as ")[-1].strip() for each in group.split(",") if each.strip()}
        return frozenset(names)

    def serves(self, name: str) -> bool:
        """Whether the page can fetch the file of this name, `insertions/…`."""
        folder, _, rest = name.partition("/")
        return folder == "insertions" and not rest.endswith(".html") and is_below(self.folder, rest)

    def insert(self, value: Any, path: str, problems: list[Problem]) -> Any:
        """`value` with each text that is `insertions/NAME.html` replaced by that file's content."""
        return walk(value, path, lambda text, at: self.text(text, at, problems))

    def text(self, text: str, path: str, problems: list[Problem]) -> str:
        """One text, or the content of the file that it names; a missing file is a problem."""
        found = _REFERENCE.fullmatch(text) if text.startswith("insertions/") else None
        if found is None:
            return text
        name = found[1]
        if name not in self._texts:
            file = self.folder / name
            self._texts[name] = file.read_text(encoding="utf-8") if file.is_file() else None
        content = self._texts[name]
        if content is None:
            problems.append(Problem(path, f"there is no file {name!r} in {self.folder}"))
        return text if content is None else content


def walk(value: Any, path: str, change: Callable[[str, str], Any]) -> Any:
    """A copy of a JSON value with `change(text, path)` in place of every text that is a value."""
    if isinstance(value, str):
        return change(value, path)
    if isinstance(value, list):
        return [walk(each, f"{path}[{index}]", change) for index, each in enumerate(value)]
    if isinstance(value, dict):
        return {key: walk(each, key_path(path, key), change) for key, each in value.items()}
    return value
