"""What the verbs share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from crowdcore.base import paths
from crowdcore.base.faults import without_secrets
from crowdcore.base.quantities import parse_money
from crowdcore.base.terminal import printable, printable_json, printable_lines
from crowdcore.base.words import is_blank
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from crowdcore.store import Database


@contextmanager
def open_store(*, create: bool = False) -> Iterator[Database]:
    """The database of this machine, as the global options and the environment say; StoreError if there is none.

    With `create` it is made, as a first launch would make it.
    """
    from crowdcore.store import open_database  # verbs without a database print too

    database = open_database(paths.database_url(), paths.data_dir(), create=create)
    try:
        yield database
    finally:
        database.close()


def say(text: str, *, err: bool = False) -> None:
    """Print one line, on standard error if `err`: the way of all verbs, for text of strangers stands in most lines."""
    click.echo(printable(without_secrets(text)), err=err)


def say_lines(text: str, indent: str = "") -> None:
    """Print a text that has lines of its own, as tables, help and feedback do."""
    click.echo(printable_lines(text.rstrip("\n"), indent))


def say_json(value: Any) -> None:
    """Print a value as JSON for people and programs."""
    click.echo(printable_json(value, indent=2))


class Terminal:
    """Standard output as a file; what is written only shows if people look at it, and is exact if a program does."""

    def write(self, text: str) -> int:
        """Write whole lines."""
        return sys.stdout.write(printable_lines(text) if sys.stdout.isatty() else text)


def when(at: float | None) -> str:
    """A time for people: local, to the second; empty for None."""
    return "" if at is None else datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def amount_of(text: str, option: str) -> Decimal:
    """An amount of money above 0 that stands on the command line; ConfigError names the `option`.

    Whether it is whole in a currency is asked where the run is known that it is for.
    """
    try:
        amount = parse_money(text)
    except ValueError:
        amount = Decimal(0)
    if not (0 < amount < 10**9 and amount == round(amount, 6)):
        raise ConfigError(f"command line: {option} {text!r} is no amount, as in {option} 0.50")
    return amount


def said(_context: click.Context, parameter: click.Parameter, text: str) -> str:
    """A click callback: the words of an option without spaces around them; ConfigError if none can be read."""
    if is_blank(text):
        option = parameter.opts[0]
        raise ConfigError(f"command line: {option} is blank; say why, as in {option} 'too short'")
    return text.strip()
