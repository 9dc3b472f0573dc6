"""Formats of answers that plugins add: `crowd export TASK --format NAME`.

An exporter is a callable of the entry-point group `crowdcore.exporters`:

    def tsv(rows, target):
        for row in rows:
            target.write(f"{row['worker']}\\t{row['data']}\\n")

`rows` gives the dicts of `crowdcore.export.rows`, anew each time it is iterated; `target` is a text file to write to
(`target.buffer` takes bytes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from crowdcore.base.faults import described, meant, place
from crowdcore.errors import ConfigError, CrowdError, PluginError
from crowdcore.export.rows import Row
from crowdcore.plugins import catalogue

BUILT_IN = ("jsonl", "csv")


class Rows:
    """The rows of one export, counted as they are read."""

    def __init__(self, source: Callable[[], Iterable[Row]]) -> None:
        self._source = source
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        """All rows, from the first."""
        self.count = 0
        for row in self._source():
            self.count += 1
            yield row


def find_exporter(name: str) -> Callable[[Iterable[Row], TextIO], Any]:
    """The exporter of this name; ConfigError or PluginError in one line if there is none that can be used."""
    known = list(dict.fromkeys([*BUILT_IN, *catalogue().names("exporter")]))
    if name not in known:
        raise ConfigError(f"no format is named {name!r}{meant(name, known)}; there are {', '.join(known)}")
    exporter: Callable[[Iterable[Row], TextIO], Any] = catalogue().load("exporter", name)
    return exporter


def write_with(
    name: str, exporter: Callable[[Iterable[Row], TextIO], Any], source: Callable[[], Iterable[Row]], target: TextIO
) -> int:
    """Let an exporter write; how many rows it read. PluginError, one line, if it fails."""
    rows = Rows(source)
    try:
        exporter(rows, target)
    except (CrowdError, OSError):
        raise
    except Exception as error:
        label = catalogue().find("exporter", name).label
        raise PluginError(f"{label}: {described(error)}{place(error, outside=__file__)}") from error
    return rows.count
