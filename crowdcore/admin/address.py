"""Where the admin pages of each run are, for `crowd admin login`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore.status import LIVE_RUN

if TYPE_CHECKING:
    from crowdcore.store import Conn

_PREFIX = "admin_url:"


def remember_address(conn: Conn, run: str, url: str) -> None:
    """Note, in a transaction, that the admin pages of run `run` are served at `url`."""
    conn.execute(
        "INSERT INTO meta (key, value) VALUES (:key, :url) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key=_PREFIX + run, url=url,
    )  # fmt: skip


def addresses(conn: Conn) -> dict[str, str]:
    """Run name -> address of its admin pages, for runs that have not ended; the newest first."""
    noted = conn.all("SELECT key, value FROM meta WHERE key >= 'admin_url:' AND key < 'admin_url;'")
    known = {row["key"]: row["value"] for row in noted}
    rows = conn.all("SELECT name, status FROM run ORDER BY id DESC")
    live = [row["name"] for row in rows if row["status"] in LIVE_RUN]
    return {name: known[_PREFIX + name] for name in live if _PREFIX + name in known}
