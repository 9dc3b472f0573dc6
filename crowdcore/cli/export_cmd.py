"""`crowd export`: the answers in a file."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from crowdcore.cli.common import open_store
from crowdcore.export.exporters import BUILT_IN, find_exporter, write_with
from crowdcore.export.files import write_csv, write_jsonl
from crowdcore.export.rows import Row, rows, states

if TYPE_CHECKING:
    from crowdcore.store import Database


@click.command()
@click.argument("task")
@click.option("--format", "format", metavar="NAME", help="jsonl, csv, or an exporter's name (`crowd plugins --kind "
              "exporter`). Default: by the name of FILE, else jsonl.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write; default: standard output.")  # fmt: skip
@click.option("--all", "unfinished", is_flag=True, help="Also work that was begun but not submitted.")
@click.option("--simulated", is_flag=True, help="Also work of simulated workers.")
@click.option("--gold", is_flag=True, help="Also golds, whose answers were known.")
@click.option("--screening", is_flag=True, help="Also screening items that are not of the task's data.")
@click.option("--onboarding", is_flag=True, help="Also onboarding.")
@click.option("--bots", is_flag=True, help="Also the seats of stand-ins; what they said is in every row's messages.")
@click.option("--excel", is_flag=True, help="CSV for spreadsheets: formulas are made harmless.")
@click.option("--files", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Copy uploaded files there, as AGENT-FIELD-NAME.")  # fmt: skip
def export(
    task: str, format: str | None, output: Path | None, unfinished: bool, simulated: bool, gold: bool,
    screening: bool, onboarding: bool, bots: bool, excel: bool, files: Path | None,
) -> None:  # fmt: skip
    """Write the answers of all runs of TASK, one row for each piece of work."""
    asked = {"gold": gold, "screening": screening, "onboarding": onboarding, "bot": bots}
    special = tuple(kind for kind, wanted in asked.items() if wanted)
    format = format or ("csv" if output is not None and output.suffix == ".csv" else "jsonl")
    exporter = None if format in BUILT_IN else find_exporter(format)
    with open_store() as database:
        state_of = states(database)

        def source() -> Iterator[Row]:
            return rows(database, task, state_of, unfinished=unfinished, simulated=simulated, special=special)

        with _target(output) as target:
            if exporter is not None:
                count = write_with(format, exporter, source, target)
            else:
                count = write_csv(source, target, excel=excel) if format == "csv" else write_jsonl(source(), target)
        if files is not None:
            copied = _copy_files(database, source(), files)
            click.echo(f"{copied} files copied to {files}", err=True)
    if output is not None:
        click.echo(f"{count} rows written to {output}", err=True)


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    """The file appears under its name when it is complete."""
    if output is None:
        yield sys.stdout
        return
    partial = output.with_name(output.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(output)


def _copy_files(database: Database, source: Iterator[Row], folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for row in source:
        for file in row["files"]:
            name = f"{row['agent']}-{file['field']}-{file['name']}".replace("/", "_")
            shutil.copyfile(database.folder / file["path"], folder / name)
            count += 1
    return count
