"""Rows of data for the page, checked against it: from a file, or from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from blueprint_static.options import DATA
from crowdcore.blueprints import Format, read_rows
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from blueprint_static.options import StaticOptions

CHECKED_FIRST = 32 * 1024 * 1024
"""Bytes of a data file that is read to its end before anything is launched; a larger one is checked on the way."""
_FORMATS: dict[str, Format] = {"data_csv": "csv", "data_json": "json", "data_jsonl": "jsonl"}
Check = Callable[[Any], None]


def rows(options: StaticOptions, check: Check, start: int = 0) -> Iterator[dict[str, Any]]:
    """The rows from number `start` (from 0). ConfigError with file and line for a row that `check` refuses.

    `check` raises ValueError, one line.
    """
    name = next((name for name in DATA if getattr(options, name)), None)
    if name is None:
        raise ConfigError(
            f"blueprint 'static': no task data; name one of {', '.join(DATA)}, or yield rows from "
            "blueprint_task_data in hooks.py"
        )
    path = getattr(options, name)

    def checked() -> Iterator[dict[str, Any]]:
        for where, row in read_rows(path, _FORMATS[name]):
            try:
                check(row)
            except ValueError as error:
                raise ConfigError(f"{path}: {where}: {error}") from None
            yield row

    if start == 0 and path.is_file() and path.stat().st_size <= CHECKED_FIRST:
        for _ in checked():
            pass
    return islice(checked(), start, None)


def lacking(row: Any, needed: Iterable[str]) -> str:
    """What a row lacks of the columns that the page needs, in words; "" if nothing."""
    if not isinstance(row, Mapping):
        return f"a row must be an object {{column: value}}, not {type(row).__name__}"
    missing = [name for name in needed if name not in row]
    if not missing:
        return ""
    return f"the row has no {', '.join(missing)}; it has {', '.join(map(str, row)) or 'nothing'}"
