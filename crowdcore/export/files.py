"""Rows as files: JSON lines and CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

from crowdcore.base.tables import Table
from crowdcore.base.terminal import printable_json
from crowdcore.export.rows import Row

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

WIDEST = 2_000
"""Fields of one answer or item that get columns: strangers may name as many as they like."""
WIDTH = 5_000
"""Columns of a table."""


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
    empty cell. Fields beyond what has columns (WIDEST in one row, WIDTH in all) stand together, as JSON, in the column
    `item` or `data`. An apostrophe stands before text that a spreadsheet would take for a formula; with `raw` text
    stands exactly as it was given. `excel` writes a byte order mark.
    """
    columns = _columns(source())
    table = Table(target, raw=raw)
    if excel:
        target.write("\ufeff")
    table.row(columns)
    count = 0
    for row in source():
        cells = _flat(row, columns)
        table.row(cells.get(c, "") for c in columns)
        count += 1
    return count


def _columns(source: Iterable[Row]) -> dict[str, None]:
    found: dict[str, None] = {}
    for row in source:
        for name in _flat(row):
            if name in found:
                continue
            whole, dot, _ = name.partition(".")
            found[name if not dot or len(found) < WIDTH else whole] = None
    return found


def _flat(row: Row, columns: Collection[str] | None = None) -> dict[str, str]:
    """The cells of a row by column; with `columns`, those of fields without a column of their own in one."""
    cells: dict[str, str] = {}
    for name, value in row.items():
        if name in ("item", "data") and _is_flat(value, nested=name == "data"):
            own = value
            if columns is not None:
                own = {key: inner for key, inner in value.items() if f"{name}.{key}" in columns}
                if len(own) < len(value):
                    cells[name] = _cell({key: inner for key, inner in value.items() if key not in own})
            cells.update({f"{name}.{key}": _cell(inner) for key, inner in own.items()})
        else:
            cells[name] = _cell(value)
    return cells


def _is_flat(value: Any, *, nested: bool) -> bool:
    """Answers become columns always, items when they are rows of plain values."""
    return (
        isinstance(value, dict)
        and len(value) <= WIDEST
        and (nested or not any(isinstance(v, dict | list) for v in value.values()))
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
