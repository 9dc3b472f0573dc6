"""Progress on a terminal."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from crowdcore.base.quantities import format_duration
from crowdcore.base.terminal import printable
from crowdcore.runs.report import expected_end, money

if TYPE_CHECKING:
    from crowdcore.runs.handle import RunHandle


class Bars:
    """A bar and the numbers behind it, redrawn in place."""

    def __init__(self, handle: RunHandle) -> None:
        self._handle = handle
        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False, get_renderable=self._table)

    def show(self) -> None:
        """Redraw."""
        self._live.refresh()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(printable(text), markup=False, highlight=False)

    def on(self) -> AbstractContextManager[object]:
        """The time in which the bar is on the screen."""
        return self._live

    def _table(self) -> Table:
        c = self._handle.counters
        total = c.open + c.done
        end = expected_end(c, self._handle.started_at, time.time())
        table = Table.grid(padding=(0, 2))
        table.add_row(
            ProgressBar(total=max(total, 1), completed=c.done, width=30),
            Text.assemble((str(c.done), "bold"), f" of {total} completed"), f"{c.units['assigned']} worked on",
            printable(f"{money(c)} promised"),
            "" if end is None else f"done in about {format_duration(round(end))}",
        )  # fmt: skip
        return table
