"""Where the items of a run come from: task_data.json, .jsonl, or unit_config.json with tokens."""

from __future__ import annotations

import itertools
import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from blueprint_form import json_items, tokens
from blueprint_form.alike import Alike
from blueprint_form.check_form import examine
from blueprint_form.insertions import Insertions
from blueprint_form.left_out import Notices
from blueprint_form.options import FormOptions
from blueprint_form.problems import Problem, shape, suggestion
from crowdcore.errors import ConfigError

TASK_DATA, TASK_LINES, UNIT_CONFIG = "task_data.json", "task_data.jsonl", "unit_config.json"
TOKEN_SETS, SEPARATE_TOKENS = "token_sets_values_config.json", "separate_token_values_config.json"
_ITEM_KEYS = ("form", "metadata", "form_metadata")
_MOST_TOLD = 50
_INSERTION = "insertions"  # looking for it in the text is far cheaper than walking every item
_MARKUP = re.compile(r"<|\\u003", re.IGNORECASE)


@dataclass
class Faults:
    """Faults over all files: the first 50 are told, the rest counted. `doubts` stop nothing, each is told once."""

    lines: list[str] = field(default_factory=list)
    more: int = 0
    doubts: dict[str, str] = field(default_factory=dict)

    def add(self, path: Path, problems: Iterable[Problem]) -> None:
        """Note `problems` of the file `path`."""
        for problem in problems:
            if problem.doubt:
                if len(self.doubts) < _MOST_TOLD:
                    self.doubts.setdefault(problem.message, f"{path}: {problem}")
            elif len(self.lines) < _MOST_TOLD:
                self.lines.append(f"{path}: {problem}")
            else:
                self.more += 1

    def told(self) -> list[str]:
        """The lines to show."""
        return [*self.lines, f"… and {self.more:,} more"] if self.more else self.lines

    def stop(self) -> None:
        """ConfigError with everything found, if anything was."""
        if self.lines:
            raise ConfigError.many(self.told())


class Entry(NamedTuple):
    """An item and its place. `form`: the text of its form, if that is all of it; `items`: how many are like it."""

    where: str
    item: Any
    form: str | None = None
    items: int = 1


@dataclass(frozen=True)
class Source:
    """One place of items; `items` reads it afresh each time and skips what cannot be read after noting it."""

    path: Path
    kind: str
    options: FormOptions
    insertions: Insertions

    def items(self, faults: Faults) -> Iterator[Any]:
        """Each item, insertions and tokens put in."""
        for entry in self.entries(faults):
            yield entry.item

    def entries(self, faults: Faults, notices: Notices | None = None) -> Iterator[Entry]:
        """Each item with its place. With `notices`, which are added to, only those that a check could tell from
        the ones before."""
        if self.kind == "unit_config":
            yield from self._expanded(faults, notices)
            return
        for where, item, form in self._lines(faults) if self.kind == "data_jsonl" else self._list(faults):
            if form is not None and _INSERTION not in form:
                yield Entry(where, item, form)
                continue
            problems: list[Problem] = []
            yield Entry(where, self.insertions.insert(item, where, problems))
            faults.add(self.path, problems)

    def _list(self, faults: Faults) -> Iterator[tuple[str, Any, str | None]]:
        text = read_text(self.path, faults)
        if text is None:
            return
        index = -1
        if json_items.is_list(text):
            with _noting(self.path, faults):
                for index, (item, form) in enumerate(json_items.entries(text)):
                    yield f"[{index}]", item, form
            if index >= 0 or faults.lines:
                return
        value = _parse(text, self.path, faults, "")
        if value is not None:
            faults.add(self.path, [Problem("", f"must be a list with at least one item, not {shape(value)}")])

    def _lines(self, faults: Faults) -> Iterator[tuple[str, Any, str | None]]:
        with open_text(self.path) as lines:
            try:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        where, found = f"line {number}", json_items.member(line)
                        value, form = found or (_parse(line, self.path, faults, where), None)
                        if value is not None:
                            yield where, value, form
            except UnicodeDecodeError as error:
                faults.add(self.path, [Problem("", f"is not UTF-8 text: {error.reason} at byte {error.start}")])

    def _expanded(self, faults: Faults, notices: Notices | None) -> Iterator[Entry]:
        before = len(faults.lines)
        config = read_json(self.path, faults)
        sets = read_sets(self.path, self.options, faults)
        if config is None or len(faults.lines) > before:
            return
        if not isinstance(config, dict):
            faults.add(self.path, [Problem("", f"must be one object with 'form', not {shape(config)}")])
            return
        problems: list[Problem] = []
        config = self.insertions.insert(config, "", problems)
        problems += tokens.check_tokens(config, sets)
        if notices is not None:
            notices.look(self.path, config, "", self.insertions.folder)
            for problem in tokens.shown_as_text(config, sets):
                notices.add(self.path, problem)
        if not problems:
            chosen = list(enumerate(sets or [{}])) if notices is None else tokens.unlike(config, sets)
            after = itertools.chain((index for index, _ in chosen[1:]), [max(len(sets), 1)])
            expanded = tokens.expand(config, [values for _, values in chosen], self.insertions, problems)
            for (index, _), item, following in zip(chosen, expanded, after, strict=True):
                yield Entry(f"item {index}", item, items=following - index)
        faults.add(self.path, problems)


def find_source(options: FormOptions, task_dir: Path, folder: Path | None = None) -> Source:
    """The one place that the options name, else the conventional file in `folder` (default: the task's)."""
    given = [(kind, getattr(options, kind)) for kind in ("data_json", "data_jsonl", "unit_config")]
    named = [(kind, Path(path)) for kind, path in given if path]
    if len(named) > 1:
        raise ConfigError(f"blueprint 'form': give one of {', '.join(kind for kind, _ in named)}, not more")
    kinds = zip((TASK_DATA, TASK_LINES, UNIT_CONFIG), ("data_json", "data_jsonl", "unit_config"), strict=True)
    here = folder or task_dir
    found = named or [(kind, here / name) for name, kind in kinds if (here / name).is_file()]
    if not found:
        raise ConfigError(
            f"blueprint 'form': no task data in {here}: name data_json, data_jsonl or unit_config, "
            f"or yield items from blueprint_task_data in hooks.py"
        )
    kind, path = found[0]
    if not (task_dir / path).is_file():
        raise ConfigError(f"blueprint 'form' option {kind!r}: there is no file {path}")
    return Source(task_dir / path, kind, options, Insertions(task_dir / options.insertions))


def check_source(source: Source, faults: Faults, notices: Notices | None = None) -> int:
    """Note every fault of every item, and what pages will not show of them; the number of items read."""
    count = 0
    notices, alike = Notices() if notices is None else notices, Alike()
    for where, item, form, like in source.entries(faults, notices):
        count += like
        if form is not None and alike.known(form):
            faults.add(source.path, _unknown_keys(item, where))
        else:
            problems = check_item(item, where, source.insertions)
            faults.add(source.path, problems)
            if form is not None and all(problem.doubt for problem in problems):
                alike.learn(form)
        if form is None or _MARKUP.search(form):
            notices.look(source.path, item, where, source.insertions.folder)
    if count == 0 and not faults.lines:
        faults.add(source.path, [Problem("", "has no item")])
    return count


def check_item(item: Any, where: str, insertions: Insertions) -> list[Problem]:
    """Every fault of one item {"form": {…}, "metadata": …}, and every doubt."""
    if not isinstance(item, dict) or "form" not in item:
        return [Problem(where, f"an item must be an object with 'form', not {shape(item)}")]
    return _unknown_keys(item, where) + examine(item["form"], f"{where}.form", insertions.custom)


def _unknown_keys(item: dict[str, Any], where: str) -> list[Problem]:
    unknown = [key for key in item if key not in _ITEM_KEYS]
    return [Problem(where, f"an item has no attribute {key!r}{suggestion(key, _ITEM_KEYS)}") for key in unknown]


def checked_items(
    items: Iterable[Any], task_dir: Path | str = ".", start: int = 0, source: str = "blueprint_task_data"
) -> Iterator[dict[str, Any]]:
    """Items from Python, each checked as it passes; for `blueprint_task_data` in hooks.py.

    `items` are forms or {"form": …} objects, which may name insertions of `task_dir`/insertions; the first
    `start` are skipped. ConfigError lists the faults of the first faulty one, each beginning with `source`.
    """
    insertions = Insertions(Path(task_dir) / "insertions")
    notices = Notices(logging.getLogger("crowdcore.plugin.blueprint:form").warning)
    for index, given in enumerate(items):
        if index < start:
            continue
        faults = Faults()
        problems: list[Problem] = []
        item = given if isinstance(given, dict) and "form" in given else {"form": given}
        item = insertions.insert(item, f"[{index}]", problems)
        faults.add(Path(source), problems + check_item(item, f"[{index}]", insertions))
        faults.stop()
        notices.look(Path(source), item, f"[{index}]", insertions.folder)
        yield item


def read_sets(unit_config: Path, options: FormOptions, faults: Faults) -> list[tokens.TokenSet]:
    """The token sets that belong to `unit_config`, explicit ones combined with permuted ones."""
    found: list[list[tokens.TokenSet]] = []
    for given, name, read in (
        (options.token_sets, TOKEN_SETS, tokens.read_token_sets),
        (options.separate_tokens, SEPARATE_TOKENS, tokens.read_separate_tokens),
    ):
        path = unit_config.parent / (given or name)
        if not given and not path.is_file():
            continue
        value = read_json(path, faults)
        sets, problems = read(value) if value is not None else ([], [])
        faults.add(path, problems)
        found.append(sets)
    if len(found) < 2:
        return found[0] if found else []
    combined, problems = tokens.combine(*found)
    faults.add(unit_config.parent / TOKEN_SETS, problems)
    return combined


def open_text(path: Path) -> Any:
    """The file open as UTF-8 text; ConfigError when it cannot be."""
    try:
        return path.open(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def read_text(path: Path, faults: Faults) -> str | None:
    """The file's text; None after noting why it has none."""
    with open_text(path) as file:
        try:
            return str(file.read())
        except UnicodeDecodeError as error:
            faults.add(path, [Problem("", f"is not UTF-8 text: {error.reason} at byte {error.start}")])
            return None


def read_json(path: Path, faults: Faults) -> Any:
    """The JSON value of a file; None after noting why it has none."""
    text = read_text(path, faults)
    return None if text is None else _parse(text, path, faults, "")


def _parse(text: str, path: Path, faults: Faults, where: str) -> Any:
    value = None
    with _noting(path, faults, where):
        value = json_items.parse(text)
        if value is None:
            faults.add(path, [Problem(where, "must not be null")])
    return value


@contextmanager
def _noting(path: Path, faults: Faults, where: str = "") -> Iterator[None]:
    """What is no JSON becomes a fault."""
    try:
        yield
    except json.JSONDecodeError as error:
        place = where or f"line {error.lineno}"
        faults.add(path, [Problem(f"{place}, column {error.colno}", f"not valid JSON: {error.msg}")])
    except (ValueError, RecursionError) as error:
        faults.add(path, [Problem(where, f"not valid JSON: {error or 'nested too deeply'}")])
