"""Entries of a gate's file: JSON (a list, or one object), JSON lines, or CSV with a column for each field.

An entry is an item of the task with what is known to be right under `answers`; in CSV the columns
`answers.FIELD` are that.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crowdcore.errors import ConfigError

ANSWERS = "answers"


def read_entries(path: Path, key: str) -> Iterator[Any]:
    """The entries of the file at `path`; ConfigError naming the option `key`, the file and the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            read = {".csv": _rows, ".jsonl": _lines}.get(path.suffix.lower(), _document)
            yield from read(file, f"{key}: {path.name}")
    except OSError as error:
        raise ConfigError(f"{key}: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{key}: {path.name} is not UTF-8 text: {error.reason} at byte {error.start}") from None


def _document(file: Any, where: str) -> Iterator[Any]:
    value = _parse(file.read(), where)
    yield from value if isinstance(value, list) else [value]


def _lines(file: Any, where: str) -> Iterator[Any]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield _parse(line, f"{where}, line {number}")


def _rows(file: Any, where: str) -> Iterator[Any]:
    rows = csv.reader(file, strict=True)
    try:
        header = next(rows, [])
        if not header or "" in header or len(set(header)) < len(header):
            raise ConfigError(f"{where}, line 1: the header needs a name for each column, every name once")
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise ConfigError(f"{where}, line {rows.line_num}: {len(row)} cells, but {len(header)} columns")
            yield _entry(dict(zip(header, row, strict=True)))
    except csv.Error as error:
        raise ConfigError(f"{where}, line {rows.line_num}: {error}") from None


def _entry(row: dict[str, str]) -> dict[str, Any]:
    prefix = f"{ANSWERS}."
    answers = {name.removeprefix(prefix): cell for name, cell in row.items() if name.startswith(prefix)}
    item: dict[str, Any] = {name: cell for name, cell in row.items() if not name.startswith(prefix)}
    return {**item, ANSWERS: answers} if answers else item


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where}: line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: not valid JSON: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
