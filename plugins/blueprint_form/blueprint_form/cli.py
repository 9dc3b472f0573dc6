"""`crowd form check` and `crowd form expand`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from blueprint_form import data
from blueprint_form.left_out import Notices
from blueprint_form.options import FormOptions
from crowdcore.commands import ending, is_stdout, is_stream, say, text_output
from crowdcore.errors import ConfigError

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def form() -> None:
    """Check and expand the data files of form tasks."""


@form.command()
@click.argument("directory", type=_DIRECTORY, metavar="DIR")
def check(directory: Path) -> None:
    """List every fault of the form files in DIR, with file and JSON path; exit 2 if there is any.

    What pages will not show of the texts (scripts, frames, styles, media from elsewhere) is told too, and is no fault.
    """
    faults, notices = data.Faults(), Notices()
    told = []
    for kind, name in (
        ("data_json", data.TASK_DATA),
        ("data_jsonl", data.TASK_LINES),
        ("unit_config", data.UNIT_CONFIG),
    ):
        if (directory / name).is_file():
            count = data.check_source(_source(directory, kind, name), faults, notices)
            told.append(f"{directory / name}: {count:,} item{'' if count == 1 else 's'}")
    if not told:
        raise ConfigError(f"{directory}: no {data.TASK_DATA}, {data.TASK_LINES} or {data.UNIT_CONFIG} here")
    for line in notices.lines():
        say(f"warning: {line}", err=True)
    faults.stop()
    for doubt in faults.doubts.values():
        say(f"warning: {doubt}", err=True)
    for line in told:
        say(f"{line}, no fault")


@form.command()
@click.argument("directory", type=_DIRECTORY, metavar="DIR")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write here instead of DIR/task_data.json; - is standard output.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def expand(directory: Path, output: str | None, force: bool) -> None:
    """Write DIR/task_data.json from unit_config.json and its token values.

    Tokens come from token_sets_values_config.json (sets as written), separate_token_values_config.json
    (all combinations are made), or both (every set with every combination).
    """
    target = str(directory / data.TASK_DATA) if output is None else output
    ending(target, [".json"])
    kept = not is_stdout(target) and not is_stream(target)
    if kept and Path(target).exists() and not force:
        raise ConfigError(f"{target}: is there already; use --force to replace it, or -o FILE to write elsewhere")
    if not (directory / data.UNIT_CONFIG).is_file():
        raise ConfigError(
            f"{directory / data.UNIT_CONFIG}: there is no such file; it holds the form with {{{{tokens}}}}"
        )
    source = _source(directory, "unit_config", data.UNIT_CONFIG)
    faults = data.Faults()
    data.check_source(source, faults)
    faults.stop()
    items = list(source.items(faults))
    with text_output(target) as file:
        file.write(json.dumps(items, ensure_ascii=False, indent=2) + "\n")
    names = sorted(items[0].get("metadata", {}).get("tokens", {}))
    say(
        f"{target}: wrote {len(items):,} item{'' if len(items) == 1 else 's'} from {directory / data.UNIT_CONFIG}",
        err=is_stdout(target),
    )
    say(f"tokens: {', '.join(names) or 'none'}", err=is_stdout(target))


def _source(directory: Path, kind: str, name: str) -> data.Source:
    options = FormOptions()
    setattr(options, kind, str((directory / name).absolute()))
    return data.find_source(options, directory)
