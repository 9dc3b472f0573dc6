"""Rows of task data from CSV, JSON and JSON-lines files: one object per row, streamed where the format allows.

Every fault is a ConfigError of one line: `FILE:LINE: what is wrong`, with the column where there is one.
"""

from __future__ import annotations

import codecs
import csv
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NoReturn, TextIO

from crowdcore.errors import ConfigError

Format = Literal["csv", "json", "jsonl"]
Row = dict[str, Any]

LONGEST_VALUE = 16 * 1024 * 1024
"""Characters that one value of a CSV file may have: a quotation mark that is never closed must not eat the memory."""
_csv_limit = threading.Lock()


def read_rows(path: Path, format: Format) -> Iterator[tuple[str, Row]]:
    """Each row with its place in the file (`line 7`, `[6]` in a JSON list), in order; the file is read afresh.

    CSV (UTF-8, comma, a header of distinct names) gives text values only. JSON is a list of objects and is read
    whole; CSV and JSON lines are read as they are used, so their size does not matter. Empty lines are left out.
    """
    return {"csv": _csv, "json": _json, "jsonl": _json_lines}[format](path)


def _csv(path: Path) -> Iterator[tuple[str, Row]]:
    with _open(path) as file:
        reader = csv.reader(file, strict=True)
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1
            cells = _record(path, reader, line)
            if cells is None:
                break
            if not cells:
                continue
            if header is None:
                header = _header(path, cells, line)
            else:
                yield f"line {line}", _row(path, header, cells, line)
        if header is None:
            raise ConfigError(f"{path}: is empty; its first line must name the columns")


def _record(path: Path, reader: Any, line: int) -> list[str] | None:
    """The next record's values; None at the end of the file."""
    try:
        with _csv_limit:  # the limit is the process's: others may count on theirs
            before = csv.field_size_limit(LONGEST_VALUE)
            try:
                cells: list[str] | None = next(reader, None)
            finally:
                csv.field_size_limit(before)
    except csv.Error as error:
        text = str(error)
        if "limit" in text:
            text = f"a value has more than {LONGEST_VALUE:,} characters; is a quotation mark never closed?"
        elif "unexpected end" in text:
            text = "a value begins with a quotation mark that is never closed"
        elif "expected after" in text:
            text = 'a quotation mark stands inside a quoted value; write it twice ("")'
        raise ConfigError(f"{path}:{line}: {text}") from None
    return cells


def _header(path: Path, cells: list[str], line: int) -> list[str]:
    names = [cell.strip() for cell in cells]
    problems = [f"{path}:{line}: column {at} has no name" for at, name in enumerate(names, 1) if not name]
    for at, name in enumerate(names, 1):
        first = names.index(name) + 1
        if name and first < at:
            problems.append(f"{path}:{line}: columns {first} and {at} are both named {name!r}")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        problems.append(f"{path}:{line}: the only column is named {names[0]!r}; separate columns with commas")
    if problems:
        raise ConfigError.many(problems)
    return names


def _row(path: Path, header: list[str], cells: list[str], line: int) -> Row:
    if len(cells) > len(header):
        extra = f"the first one too many is {_short(cells[len(header)])} in column {len(header) + 1}"
        raise ConfigError(f"{path}:{line}: {len(cells)} values for {len(header)} columns; {extra}")
    if len(cells) < len(header):
        at = len(cells)
        raise ConfigError(f"{path}:{line}: no value for column {at + 1}, {header[at]!r}")
    for at, cell in enumerate(cells):
        if "\0" in cell:
            raise ConfigError(f"{path}:{line}: column {at + 1}, {header[at]!r}, contains the character NUL")
    return dict(zip(header, cells, strict=True))


def _json(path: Path) -> Iterator[tuple[str, Row]]:
    with _open(path) as file:
        text = file.read()
    try:
        value = _parse(text)
    except ValueError as error:
        _not_json(path, error)
    if not isinstance(value, list):
        raise ConfigError(f"{path}: must be a list of objects, not {_kind(value)}")
    for index, row in enumerate(value):
        yield f"[{index}]", _object(f"{path}: [{index}]", row)


def _json_lines(path: Path) -> Iterator[tuple[str, Row]]:
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    value = _parse(line)
                except ValueError as error:
                    _not_json(path, error, number)
                yield f"line {number}", _object(f"{path}:{number}", value)


def _parse(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if "\\u" in text:  # what cannot be stored can only have been written this way
        stored = json.dumps(value, ensure_ascii=False)
        if "\\u0000" in stored:
            raise ValueError("a text contains the character NUL")
        try:
            stored.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("a text contains half of a surrogate pair") from None
    return value


def _not_json(path: Path, error: ValueError, line: int | None = None) -> NoReturn:
    if isinstance(error, json.JSONDecodeError):
        where, text = f"{path}:{line or error.lineno}:{error.colno}", f"not valid JSON: {error.msg}"
    else:
        where, text = f"{path}:{line}" if line else str(path), f"not valid JSON: {error}"
    raise ConfigError(f"{where}: {text}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _object(where: str, value: Any) -> Row:
    if isinstance(value, dict):
        return value
    raise ConfigError(f"{where}: must be an object {{column: value}}, not {_kind(value)}")


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    """The file as text, without a byte order mark; what cannot be read or is no UTF-8 is a ConfigError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError:
        raise ConfigError(_not_utf8(path)) from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None


def _not_utf8(path: Path) -> str:
    """Where the first byte stands that is no UTF-8 (the decoder only knows its place in a block)."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return f"{path}: is UTF-16 text; save it as UTF-8"
        file.seek(0)
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                column = len(line[: error.start].decode("utf-8")) + 1
                return (
                    f"{path}:{number}:{column}: is not UTF-8 text (byte 0x{line[error.start]:02x}); "
                    "save it as UTF-8 (a spreadsheet calls it CSV UTF-8)"
                )
    return f"{path}: is not UTF-8 text"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
