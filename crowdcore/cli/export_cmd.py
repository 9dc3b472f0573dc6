"""`crowd export`: the answers in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crowdcore.base.outputs import STDOUT, ending, is_stdout, text_output
from crowdcore.cli.common import Terminal, open_store, say
from crowdcore.errors import ConfigError
from crowdcore.export.answers import Answers
from crowdcore.export.copies import Copies
from crowdcore.export.exporters import BUILT_IN, find_exporter, write_with
from crowdcore.export.files import write_csv, write_jsonl
from crowdcore.export.rows import Row, rows
from crowdcore.store.queries import agents, runs

if TYPE_CHECKING:
    from crowdcore.store import Conn


@click.command()
@click.argument("task")
@click.option("--format", "format", metavar="NAME", help="jsonl, csv, or an exporter's name (`crowd plugins --kind "
              "exporter`). Default: by the ending of FILE (.csv, .jsonl), else jsonl.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False), metavar="FILE",
              help="Where to write; default, and -: standard output.")  # fmt: skip
@click.option(
    "--all",
    "unfinished",
    is_flag=True,
    help="Also work that was begun but not submitted, or came too late: drafts, files.",
)
@click.option("--simulated", is_flag=True, help="Also work of simulated workers.")
@click.option("--gold", is_flag=True, help="Also golds, whose answers were known.")
@click.option("--screening", is_flag=True, help="Also screening items that are not of the task's data.")
@click.option("--onboarding", is_flag=True, help="Also onboarding.")
@click.option("--bots", is_flag=True, help="Also the seats of stand-ins; what they said is in every row's messages.")
@click.option("--excel", is_flag=True, help="CSV for Excel, with a byte order mark.")
@click.option(
    "--raw", is_flag=True, help="CSV for programs: also text that a spreadsheet takes for a formula is as given."
)
@click.option("--files", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Copy uploaded files there, as AGENT-FIELD-NAME.")  # fmt: skip
def export(
    task: str, format: str | None, output: str | None, unfinished: bool, simulated: bool, gold: bool,
    screening: bool, onboarding: bool, bots: bool, excel: bool, raw: bool, files: Path | None,
) -> int:  # fmt: skip
    """Write the answers of all runs of TASK, one row for each piece of work.

    What the task's code or its plugins cannot read is written as it is stored. Exits 1 if an upload is gone.
    """
    asked = {"gold": gold, "screening": screening, "onboarding": onboarding, "bot": bots}
    special = tuple(kind for kind, wanted in asked.items() if wanted)
    format = format or ending(output, [".csv", ".jsonl"], ", or say --format").lstrip(".") or "jsonl"
    if files == Path(STDOUT):
        raise ConfigError("command line: --files takes a folder, and no folder is standard output")
    exporter = None if format in BUILT_IN else find_exporter(format)
    with open_store() as database:
        answers = Answers(database, _warn)

        def source() -> Iterator[Row]:
            return rows(database, task, answers, unfinished=unfinished, simulated=simulated, special=special)

        with text_output(output) as file:
            target = Terminal() if is_stdout(output) else file
            if exporter is not None:
                count = write_with(format, exporter, source, file)
            elif format == "csv":
                count = write_csv(source, target, excel=excel, raw=raw)
            else:
                count = write_jsonl(source(), target)
        if not is_stdout(output):
            say(f"{count} rows written to {output}", err=True)
        late = 0 if unfinished else database.read(lambda c: _late(c, task))
        if late:
            _warn(f"{late} submissions came when somebody else had the work, and count for nothing: --all has them")
        if files is None:
            return 0
        copies = Copies(database.folder, files, _warn)
        copies.copy(source())
        say(f"{copies.copied} files copied to {files}", err=True)
        return 1 if copies.missing else 0


def _late(conn: Conn, task: str) -> int:
    return sum(agents.late_count(conn, run.id) for run in runs.of_task(conn, task))


def _warn(line: str) -> None:
    say(f"warning: {line}", err=True)
