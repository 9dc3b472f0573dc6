"""Rows as CSV (RFC 4180), for people who open it in a spreadsheet, or exactly as they are for programs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How a cell begins that a spreadsheet may take for a formula; the wide signs too, which some read as these."""
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_QUOTED = re.compile(r'[",;\t\r\n]|^\s|\s$')
_QUOTED_RAW = re.compile(r'[",\r\n]')


class Table:
    """Writes rows to `target`.

    An apostrophe stands before text that a spreadsheet would take for a formula, numbers stay numbers, and what would
    divide a cell where another separator is usual is quoted. With `raw` text stands exactly as it is given.
    """

    def __init__(self, target: SupportsWrite[str], *, raw: bool = False) -> None:
        self._target = target
        self._raw = raw

    def row(self, cells: Iterable[object]) -> None:
        """One row; None is an empty cell."""
        texts = ["" if cell is None else str(cell) for cell in cells]
        line = ",".join(map(self._cell, texts))
        self._target.write(f"{line}\r\n" if line else '""\r\n')

    def _cell(self, text: str) -> str:
        if not self._raw and _FORMULA.match(text) and not _NUMBER.fullmatch(text):
            text = f"'{text}"
        quoted = (_QUOTED_RAW if self._raw else _QUOTED).search(text)
        return '"' + text.replace('"', '""') + '"' if quoted else text
