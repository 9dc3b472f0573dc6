"""Connections to PostgreSQL, what they answer, and what their errors mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import NumericLoader
from psycopg.types.string import StrDumper

from crowdcore.errors import StoreBusy, StoreError
from crowdcore.store.engine.sql import ConnectionLost, StoreConflict

_OPTIONS = {
    "application_name": "crowdcore",
    "client_encoding": "utf-8",
    "connect_timeout": 5,
    # A server that falls silent (no reset, no answer) is noticed after half a minute, not two hours.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Used where the URL says nothing."""
_RETRY = (
    errors.QueryCanceled,
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.TooManyConnections,
)
_GONE = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow, errors.IdleInTransactionSessionTimeout)


class Impatient(psycopg.Connection[Any]):
    """A connection that is closed when the server does not answer within `answer` seconds.

    The network's own limits do not help against a server that is stopped: its machine still takes what is sent.
    """

    answer = 60.0

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for what the server answers; OperationalError when it takes too long."""
        try:
            return super().wait(gen, interval, self.answer if timeout is None else timeout)
        except errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server did not answer for {self.answer:g} s") from None


class PostgresRow:
    """What sqlite3.Row is on the other side: values by position or by name."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: Sequence[Any]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, key: int | str, /) -> Any:
        if not isinstance(key, str):
            return self._values[key]
        place = self._places.get(key)
        if place is None:
            raise IndexError(f"no column {key!r}; there are {', '.join(self._places)}")
        return self._values[place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"PostgresRow({dict(zip(self._places, self._values, strict=True))})"

    def keys(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._places)


def _rows(cursor: Any) -> Callable[[Sequence[Any]], PostgresRow]:
    places = {column.name: place for place, column in enumerate(cursor.description or ())}
    return lambda values: PostgresRow(places, values)


class _Number(NumericLoader):
    """`sum()` of integers is NUMERIC; SQLite answers int, and float for an average."""

    def load(self, data: Any) -> Any:
        """An int if it is written like one, else a float."""
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


def translate(error: psycopg.Error, where: str) -> Exception:
    """The StoreError that `error` means, or `error` itself if it is a fault in the SQL."""
    said = str(error).strip().partition("\n")[0]
    match error:
        case errors.UniqueViolation():
            return StoreConflict(said)
        case errors.DiskFull():
            return StoreError(f"disk full: {where}: {said}")
        case _ if isinstance(error, _RETRY):
            return StoreBusy(f"{where} is busy ({said}): try again")
        case _ if isinstance(error, _GONE):
            return ConnectionLost(f"{where}: {said}")
        case psycopg.OperationalError() if error.sqlstate is None or error.sqlstate.startswith("08"):
            return ConnectionLost(f"{where}: {said}")
        case errors.IoError() | errors.DataCorrupted() | errors.IndexCorrupted():
            return StoreError(f"{where}: {said}")
    return error


def connect(url: str, where: str, answer: float) -> psycopg.Connection[Any]:
    """A connection in autocommit that waits `answer` seconds for each answer; ConnectionLost, with the server's
    own words, if there is none.
    """
    try:
        options: dict[str, Any] = {**_OPTIONS, **conninfo_to_dict(url)}
        db = Impatient.connect(**options, autocommit=True, row_factory=_rows)
        db.answer = answer
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[-1].removeprefix("connection failed: ").strip()
        if "does not exist" in said and "database" in said:
            said += f": createdb {where.rpartition('/')[2]}"
        raise ConnectionLost(f"cannot connect to {where}: {said}") from error
    # Text is TEXT to the server, so that `:x IS NULL` and the like need no guessing.
    db.prepared_max = 500
    db.adapters.register_dumper(str, StrDumper)
    db.adapters.register_loader("numeric", _Number)
    return db
