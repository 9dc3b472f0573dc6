"""For authors of commands and exporters: what is stored, and how a command prints and writes.

    import click
    import crowdcore
    from crowdcore.commands import say

    @click.command()
    @click.argument("task")
    def totals(task):
        with crowdcore.open() as data:
            for debt in data.owed(task):
                say(f"{debt.worker.name}: {debt.amount} {debt.currency}")

`say` is for all that goes to the terminal: names and texts of strangers cannot do anything there, and the values of
secret options are left out. Files that a user names are written with `text_output`, tables with `Table`.

This room is their door and nothing else. May import every room.
"""

from crowdcore.base.outputs import ending, is_stdout, is_stream, text_output
from crowdcore.base.quantities import format_money, parse_money
from crowdcore.base.tables import Table
from crowdcore.cli.common import say, say_json, say_lines
from crowdcore.runs.stored import Data, open  # noqa: A004
from crowdcore.runs.values import Debt, StoredRun, StoredWorker

__all__ = [
    "Data", "Debt", "StoredRun", "StoredWorker", "Table", "ending", "format_money", "is_stdout", "is_stream",
    "open", "parse_money", "say", "say_json", "say_lines", "text_output",
]  # fmt: skip
