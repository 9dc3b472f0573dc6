"""What the verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from crowdcore.base import paths
from crowdcore.errors import ConfigError
from crowdcore.store import open_database

if TYPE_CHECKING:
    from crowdcore.store import Database


@contextmanager
def open_store(*, create: bool = False) -> Iterator[Database]:
    """The database of this machine, as the global options and the environment say; StoreError if there is none.

    With `create` it is made, as a first launch would make it.
    """
    database = open_database(paths.database_url(), paths.data_dir(), create=create)
    try:
        yield database
    finally:
        database.close()


def when(at: float | None) -> str:
    """A time for people: local, to the second; empty for None."""
    return "" if at is None else datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def amount_of(text: str, option: str) -> Decimal:
    """An amount of money above 0, to a millionth, that stands on the command line; ConfigError names the `option`."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and Decimal(0) < amount < 1_000_000 and amount == round(amount, 6)):
        raise ConfigError(f"command line: {option} {text!r} is no amount, as in {option} 0.50")
    return amount
