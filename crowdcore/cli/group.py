"""The table of verbs, and the group that loads them one at a time."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from crowdcore.base.faults import described, meant, place
from crowdcore.errors import CrowdError, PluginError
from crowdcore.plugins import Entry, catalogue

log = logging.getLogger("crowdcore.cli")

VERBS = {
    "run": ("crowdcore.cli.run_cmd:run", "Launch a task and serve it."),
    "resume": ("crowdcore.cli.run_cmd:resume", "Go on with a run that was stopped or died."),
    "runs": ("crowdcore.cli.runs_cmd:runs_", "List runs."),
    "status": ("crowdcore.cli.runs_cmd:status", "Show how a run is doing."),
    "stop": ("crowdcore.cli.runs_cmd:stop", "End a run: no new work, people in the middle may finish."),
    "set": ("crowdcore.cli.runs_cmd:set_", "Change what may be changed of an open run."),
    "export": ("crowdcore.cli.export_cmd:export", "Write the answers to a file."),
    "review": ("crowdcore.cli.review_cmd:review", "Show submissions; accept, soft-reject, reject them; owe bonuses."),
    "outbox": ("crowdcore.cli.outbox_cmd:outbox_", "What is sent to platforms: what failed, what is in doubt."),
    "worker": ("crowdcore.cli.worker_cmd:worker", "Show workers; grant, revoke, block, unblock."),
    "tips": ("crowdcore.cli.tips_cmd:tips", "List, accept and remove workers' tips; list their feedback."),
    "simulate": ("crowdcore.cli.simulate_cmd:simulate", "Let simulated workers work on a run."),
    "options": ("crowdcore.cli.options_cmd:options", "Print every option of a plugin or section."),
    "plugins": ("crowdcore.cli.plugins_cmd:plugins", "List, check and show installed plugins."),
    "db": ("crowdcore.cli.db_cmd:db", "Check, back up and restore the database."),
    "admin": ("crowdcore.cli.admin_cmd:admin", "Log in to the requester's pages."),
}


class Verbs(click.Group):
    """Verbs of the core from the table above, verbs of plugins from their entry points."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names of all verbs, without importing one."""
        return [*VERBS, *sorted(e.name for e in catalogue().entries("command") if e.name not in VERBS)]

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The verb, imported now; a plugin's broken verb becomes one that says why."""
        if name in VERBS:
            return _load(VERBS[name][0])
        if not any(e.name == name for e in catalogue().entries("command")):
            return None
        try:
            found = catalogue().load("command", name)
        except CrowdError as error:
            return _broken(name, error)
        fault = fault_of_command(catalogue().find("command", name), found)
        return found if fault is None else _broken(name, PluginError(fault))

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; what a plugin's command did not expect is one line that names its distribution."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, CrowdError, OSError):
            raise
        except Exception as error:
            name = ctx.invoked_subcommand
            if name is None or name in VERBS or isinstance(error, UnicodeEncodeError):  # `main` tells of odd words
                raise
            label = catalogue().find("command", name).label
            log.debug("%s", label, exc_info=error)
            raise PluginError(f"{label}: {described(error)}{place(error)}") from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a misspelt verb."""
        if args and args[0] not in self.list_commands(ctx):
            hint = meant(args[0], self.list_commands(ctx))
            raise click.UsageError(f"no such command {args[0]!r}{hint} `crowd --help` lists all of them", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a verb; help of plugins' verbs is not loaded for it."""
        rows = [(name, text) for name, (_, text) in VERBS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        more = [(e.name, f"from {e.dist}") for e in catalogue().entries("command") if e.name not in VERBS]
        if more:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(sorted(more))


def fault_of_command(entry: Entry, loaded: object) -> str | None:
    """Why a plugin's command cannot be used, if it cannot."""
    if entry.name in VERBS:
        return f"{entry.label} is never reached: `crowd {entry.name}` is a command of the core; give it another name"
    if not isinstance(loaded, click.Command):
        return f"{entry.label}: {entry.value} is no command; write @click.command() above it"
    return None


def _load(place: str) -> click.Command:
    module, _, name = place.partition(":")
    command: click.Command = getattr(import_module(module), name)
    return command


def _broken(name: str, error: CrowdError) -> click.Command:
    def fail(**_: object) -> None:
        raise error

    context = {"ignore_unknown_options": True}
    return click.Command(name, callback=fail, context_settings=context, params=[click.Argument(["args"], nargs=-1)])


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Where data lives "
              "(default: CROWD_DATA_DIR, else your own data directory).")  # fmt: skip
@click.option("--db", metavar="URL", help="Database, as in postgresql://user@host/name (default: SQLite).")
@click.version_option(package_name="crowdcore", prog_name="crowd")
@click.pass_context
def crowd(ctx: click.Context, data_dir: Path | None, db: str | None) -> None:
    """Launch, run, review and pay crowdsourcing tasks, composed from plugins.

    Start with:  crowd run task.yaml
    """
    folder = None if data_dir is None else str(data_dir.absolute())
    ctx.with_resource(_environment(CROWD_DATA_DIR=folder, CROWD_DATABASE_URL=db))


@contextmanager
def _environment(**given: str | None) -> Iterator[None]:
    """What is given stands in the environment as long as the command runs: for plugins' verbs too."""
    changed = {name: value for name, value in given.items() if value is not None}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
