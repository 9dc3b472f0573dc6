"""`crowd db`: look whether the database is whole, back it up, put a backup back."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

import click

from crowdcore.base import paths
from crowdcore.base.outputs import STDOUT
from crowdcore.base.terminal import printable
from crowdcore.cli.common import say
from crowdcore.errors import ConfigError, RunError
from crowdcore.runs.lock import is_led
from crowdcore.store.upkeep import backup as backups
from crowdcore.store.upkeep import check as checks
from crowdcore.store.upkeep import restore as restores


@click.group()
def db() -> None:
    """Check, back up and restore the database and its files."""


@db.command()
@click.option("--quick", is_flag=True, help="Leave out indexes and the bytes of uploads.")
def check(quick: bool) -> int:
    """Find every fault: of the file, of rows against their events, of money, of uploads. Servers may run on.

    Exits 0 if there is none, else 1.
    """
    began, meter, count = time.monotonic(), Meter(), 0
    for fault in checks.check(paths.database_url(), paths.data_dir(), quick=quick, progress=meter):
        meter.clear()
        say(f"fault: {fault}")
        count += 1
    meter.clear()
    if not count:
        files, size = checks.nameless(paths.database_url(), paths.data_dir())
        if files:
            where = paths.data_dir() / "files"
            say(f"note: {files} files in {where} ({size / 1e6:.1f} MB) are named by no row of this database")
        say(f"no faults; looked for {time.monotonic() - began:.1f} s")
    return 1 if count else 0


@db.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def backup(folder: Path | None) -> int:
    """Write the database and its files to the new FOLDER (default: crowd-backup-DATE-TIME here). Servers may run on.

    Exits 1 if an upload was damaged or missing.
    """
    target = folder or Path(f"crowd-backup-{datetime.now().astimezone():%Y%m%d-%H%M%S}")
    if str(target) == STDOUT:
        raise ConfigError("a backup is a folder, and no folder is standard output: give the name of a new one")
    meter = Meter()
    made = backups.back_up(paths.database_url(), paths.data_dir(), target, meter)
    meter.clear()
    size = sum(path.stat().st_size for path in [target / made.database]) + made.bytes
    say(f"{target}: database and {made.files} uploads, {size / 1e6:.1f} MB")
    say(f"not in it: secrets; keep {paths.config_dir()} yourself, links of workers and admins need its key")
    for sha256 in made.missing:
        say(f"warning: upload {sha256} is damaged or gone, so it is not in the backup", err=True)
    return 1 if made.missing else 0


@db.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also if there is a database: it is kept aside.")
def restore(folder: Path, force: bool) -> None:
    """Put the backup in FOLDER in place, after looking through it. No server may run."""
    data = paths.data_dir()
    for path in sorted((data / "runs").glob("*")):
        if is_led(path, brief=True):
            raise RunError(f"run {path.name} is being served: `crowd stop {path.name} --now` first")
    meter = Meter()
    aside = restores.restore(folder, paths.database_url(), data, force=force, progress=meter)
    meter.clear()
    if aside is not None:
        say(f"what was there is in {aside}")
    say(f"restored {folder} to {data}; go on with: crowd runs")


class Meter:
    """One line on a terminal that says what is being done; nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._wanted = sys.stderr.isatty()

    def __call__(self, what: str, done: float, total: float) -> None:
        """Progress: `done` of `total`, 0 of 0 where nobody knows."""
        now = time.monotonic()
        if self._wanted and now - self._shown > 0.2:
            part = f" {100 * done / total:.0f} %" if total else ""
            sys.stderr.write(f"\r\x1b[K{printable(what + part)} …")
            sys.stderr.flush()
            self._shown = now

    def clear(self) -> None:
        """Leave an empty line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            self._shown = 0.0
