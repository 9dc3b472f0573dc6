"""Rows as files: JSON lines and CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from crowdcore.base.tables import Table
from crowdcore.base.terminal import printable_json
from crowdcore.export.rows import Row

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


def write_jsonl(source: Iterable[Row], target: SupportsWrite[str]) -> int:
    """One JSON object a line; returns how many."""
    count = 0
    for row in source:
        target.write(printable_json(row) + "\n")
        count += 1
    return count


def write_csv(
    source: Callable[[], Iterable[Row]], target: SupportsWrite[str], *, excel: bool = False, raw: bool = False
) -> int:
    """CSV (RFC 4180) with a column for each field of item and data; returns how many rows.

    `source` is called twice: for the columns, then for the rows. Values that are no text stand as JSON, nothing as an
    empty cell. An apostrophe stands before text that a spreadsheet would take for a formula; with `raw` text stands
    exactly as it was given. `excel` writes a byte order mark.
    """
    columns = list(dict.fromkeys(name for row in source() for name in _flat(row)))
    table = Table(target, raw=raw)
    if excel:
        target.write("\ufeff")
    table.row(columns)
    count = 0
    for row in source():
        cells = _flat(row)
        table.row(cells.get(c, "") for c in columns)
        count += 1
    return count


def _flat(row: Row) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, value in row.items():
        if name in ("item", "data") and _is_flat(value, nested=name == "data"):
            cells.update({f"{name}.{key}": _cell(inner) for key, inner in value.items()})
        else:
            cells[name] = _cell(value)
    return cells


def _is_flat(value: Any, *, nested: bool) -> bool:
    """Answers become columns always, items when they are rows of plain values."""
    return isinstance(value, dict) and (nested or not any(isinstance(v, dict | list) for v in value.values()))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
