"""Who is logged in and which tokens are good: kept in the database, so that they end when somebody says so.

They hang on a word of the database's own (`mark`): what was made for another database is worth nothing here, and a new
mark ends everything at once.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crowdcore.store import Conn

Role = Literal["owner", "reader"]
ROLES: tuple[Role, ...] = ("owner", "reader")
Kind = Literal["session", "token"]
_MARK = "admin_mark"
_PREFIX = "admin_pass:"
_OURS = "substr(key, 1, 11) = 'admin_pass:'"
_KEEP = "INSERT INTO meta (key, value) VALUES (:key, :value)"


@dataclass(frozen=True)
class Pass:
    """One session or token: `made` and `until` are seconds since the epoch."""

    id: str
    kind: Kind
    role: Role
    made: float
    until: float


def mark(conn: Conn) -> str:
    """The database's own word, made in this transaction if it has none."""
    conn.execute(_KEEP + " ON CONFLICT (key) DO NOTHING", key=_MARK, value=secrets.token_urlsafe(12))
    return str(conn.value("SELECT value FROM meta WHERE key = :key", key=_MARK))


def known_mark(conn: Conn) -> str | None:
    """The same for a transaction that only reads; None if nothing was ever made for this database."""
    found = conn.value("SELECT value FROM meta WHERE key = :key", key=_MARK)
    return None if found is None else str(found)


def keep(conn: Conn, kind: Kind, role: Role, now: float, until: float) -> Pass:
    """Note a new session or token, in a transaction; those that are over are forgotten."""
    for old in _read(conn):
        if old.until <= now:
            conn.execute("DELETE FROM meta WHERE key = :key", key=_PREFIX + old.id)
    made = Pass(secrets.token_hex(6), kind, role, now, until)
    conn.execute(_KEEP, key=_PREFIX + made.id, value=json.dumps(asdict(made)))
    return made


def find(conn: Conn, id: str, now: float) -> Pass | None:
    """The session or token, if it is still good."""
    value = conn.value("SELECT value FROM meta WHERE key = :key", key=_PREFIX + id)
    found = None if value is None else Pass(**json.loads(value))
    return found if found is not None and found.until > now else None


def good(conn: Conn, now: float) -> list[Pass]:
    """All that are good, the newest first."""
    return sorted((one for one in _read(conn) if one.until > now), key=lambda one: (-one.made, one.id))


def end(conn: Conn, id: str) -> bool:
    """End one, in a transaction; False if there is none."""
    return conn.execute("DELETE FROM meta WHERE key = :key", key=_PREFIX + id) == 1


def end_all(conn: Conn) -> int:
    """End all, and login links that nobody has used yet, in a transaction; how many were known."""
    conn.execute("DELETE FROM meta WHERE key = :key", key=_MARK)
    return conn.execute(f"DELETE FROM meta WHERE {_OURS}")


def _read(conn: Conn) -> list[Pass]:
    return [Pass(**json.loads(row["value"])) for row in conn.all(f"SELECT value FROM meta WHERE {_OURS}")]
