"""What plugins keep with a run: JSON that all hooks share, and a plugin's own keyed rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.plugins.may_block import may_block
from crowdcore.state import Json, canonical

if TYPE_CHECKING:
    from crowdcore.store import Conn, Database

T = TypeVar("T")


class Shared:
    """JSON that all hooks of one run share: an object of names and values, changed in transactions."""

    def __init__(self, db: Database, run_id: int) -> None:
        self._db = db
        self._run_id = run_id

    def get(self, key: str, default: Json = None) -> Json:
        """The value of `key`, or `default`."""
        may_block("shared.get(…)")
        return self._db.read(self._load).get(key, default)

    def all(self) -> dict[str, Json]:
        """A copy of everything."""
        may_block("shared.all()")
        return self._db.read(self._load)

    def set(self, key: str, value: Json) -> None:
        """Store `value` (JSON; ValueError or TypeError otherwise) under `key`."""
        may_block("shared.set(…)")
        canonical(value)
        self.update(lambda shared: shared.__setitem__(key, value))

    def update(self, change: Callable[[dict[str, Json]], T]) -> T:
        """Let `change` alter the whole object in place, alone in a transaction; its result is returned.

        It may be called twice and must do nothing else:

            number = run.shared.update(lambda s: s.setdefault("next", 0))
        """

        may_block("shared.update(…)")

        def transaction(conn: Conn) -> T:
            shared = self._load(conn)
            result = change(shared)
            conn.execute("UPDATE run SET shared = :text WHERE id = :id", text=canonical(shared), id=self._run_id)
            return result

        return self._db.write(transaction)

    def _load(self, conn: Conn) -> dict[str, Json]:
        text = conn.value("SELECT shared FROM run WHERE id = :id", id=self._run_id)
        loaded: dict[str, Json] = json.loads(text or "{}")
        return loaded


class Records:
    """A plugin's own rows of one kind in one run: a unique text key and a JSON value each."""

    def __init__(self, db: Database, run_id: int, plugin: str, kind: str) -> None:
        self._db = db
        self._row = {"run": run_id, "plugin": plugin, "kind": kind}

    def get(self, key: str, default: Json = None) -> Json:
        """The value of `key`, or `default`."""
        may_block("records(…).get(…)")
        sql = f"SELECT value FROM record {_WHERE} AND key = :key"
        text = self._db.read(lambda conn: conn.value(sql, key=key, **self._row))
        return default if text is None else json.loads(text)

    def put(self, key: str, value: Json) -> None:
        """Store `value` under `key`, over what was there."""
        may_block("records(…).put(…)")
        text = canonical(value)
        sql = f"{_INSERT} ON CONFLICT (run_id, plugin, kind, key) DO UPDATE SET value = excluded.value"
        self._db.write(lambda conn: conn.execute(sql, key=key, value=text, **self._row))

    def add(self, key: str, value: Json) -> bool:
        """Store `value` under a new `key`; False, and nothing is changed, if the key exists."""
        may_block("records(…).add(…)")
        text = canonical(value)
        sql = f"{_INSERT} ON CONFLICT (run_id, plugin, kind, key) DO NOTHING"
        return self._db.write(lambda conn: conn.execute(sql, key=key, value=text, **self._row)) == 1

    def delete(self, key: str) -> bool:
        """Remove `key`; whether it was there."""
        may_block("records(…).delete(…)")
        sql = f"DELETE FROM record {_WHERE} AND key = :key"
        return self._db.write(lambda conn: conn.execute(sql, key=key, **self._row)) == 1

    def keys(self) -> list[str]:
        """Every key, in order of insertion."""
        may_block("records(…).keys()")
        sql = f"SELECT key FROM record {_WHERE} ORDER BY id"
        return [row[0] for row in self._db.read(lambda conn: conn.all(sql, **self._row))]

    def items(self) -> Iterator[tuple[str, Json]]:
        """Every key and value, in order of insertion, read in pages."""
        may_block("records(…).items()")
        after, sql = 0, f"SELECT id, key, value FROM record {_WHERE} AND id > :after ORDER BY id LIMIT 1000"
        while rows := self._page(sql, after):
            yield from ((row["key"], json.loads(row["value"])) for row in rows)
            after = rows[-1]["id"]

    def _page(self, sql: str, after: int) -> list[Any]:
        return list(self._db.read(lambda conn: conn.all(sql, after=after, **self._row)))


_WHERE = "WHERE run_id = :run AND plugin = :plugin AND kind = :kind"
_INSERT = "INSERT INTO record (run_id, plugin, kind, key, value) VALUES (:run, :plugin, :kind, :key, :value)"
