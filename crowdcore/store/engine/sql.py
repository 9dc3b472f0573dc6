"""SQL as the domain modules see it: one connection type, one row type, one parameter style.

Write the common subset of SQLite and PostgreSQL: `:name` parameters, `RETURNING`, `ON CONFLICT`,
`CAST(:x AS TEXT)` where a type cannot be seen from the context, booleans as truth values (`WHERE
simulated`, never `= 1`). `CASE`, `COALESCE` and integer division agree on both; `LIKE` and the place of
NULL in an ORDER BY do not.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol

from crowdcore.errors import StoreBusy, StoreError

Dialect = Literal["sqlite", "postgresql"]


class StoreConflict(StoreError):
    """A row would break a uniqueness rule: somebody else was first."""


class ConnectionLost(StoreBusy):
    """The server or the network went away; the same call may go through on a new connection."""


class Row(Protocol):
    """One row of a result: `row["name"]`, `row[0]`, `len(row)`, iteration over values, `row.keys()`.

    An unknown name or position is an IndexError. Booleans are 0/1 on SQLite: use them as truth values.
    """

    def __getitem__(self, key: int | str, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...
    def keys(self) -> list[str]:
        """The names of the columns, in order."""
        ...


class Conn(ABC):
    """A database connection inside one transaction; use it only within the call that got it.

    A statement that fails ends the transaction: whatever the caller catches, it is rolled back and the
    failure is what its caller gets (PostgreSQL works like this, so SQLite does too). To survive a
    duplicate, write ON CONFLICT. Raises StoreConflict for a duplicate, StoreError and StoreBusy when
    the database cannot be used, the driver's own error for a fault in the SQL.
    """

    dialect: Dialect

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.passed: set[object] = set()
        """What was found to hold in this transaction, and need not be looked at again by its neighbours in a group."""

    @abstractmethod
    def execute(self, sql: str, **params: Any) -> int:
        """Run one statement (without RETURNING); the number of rows it inserted, updated or deleted."""

    @abstractmethod
    def one(self, sql: str, **params: Any) -> Row | None:
        """The first row, or None."""

    @abstractmethod
    def all(self, sql: str, **params: Any) -> list[Row]:
        """Every row. Ask by pages (`WHERE id > :after ORDER BY id LIMIT :n`) where there can be many."""

    @abstractmethod
    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement once for each of `rows`."""

    def value(self, sql: str, **params: Any) -> Any:
        """The first column of the first row, or None if there is no row."""
        row = self.one(sql, **params)
        return None if row is None else row[0]

    def forget(self) -> None:
        """A new transaction begins: forget the failure of the last."""
        self.failure = None

    def outage(self) -> StoreError | None:
        """The failure, if it is the database's (locked, full, gone) rather than this transaction's own."""
        failure = self.failure
        if isinstance(failure, StoreError) and not isinstance(failure, StoreConflict):
            return failure
        return None


_TOKEN = re.compile(
    r"""'(?:[^']|'')*'        # a string literal
      | "(?:[^"]|"")*"        # a quoted name
      | --[^\n]*              # a comment up to the end of the line
      | /\*.*?\*/             # a comment
      | ::                    # a cast
      | :([A-Za-z_]\w*)       # a parameter
      | %""",
    re.VERBOSE | re.DOTALL,
)


def _translate(match: re.Match[str]) -> str:
    name = match[1]
    return f"%({name})s" if name else match[0].replace("%", "%%")


@lru_cache(maxsize=2048)
def to_pyformat(sql: str) -> str:
    """`:name` parameters as psycopg wants them, `%(name)s`; `%` is doubled.

    String literals, quoted names, comments and casts (`::text`) keep their colons.
    """
    return _TOKEN.sub(_translate, sql)
