"""Who may see the admin pages: one-time links, sessions, bearer tokens, and the guard against forged posts.

All are signed, hang on the database they were made for, and sessions and tokens are kept in it (`passes`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from itsdangerous import BadData, URLSafeSerializer

from crowdcore.admin import passes
from crowdcore.admin.passes import ROLES, Pass, Role
from crowdcore.base.secret import derive
from crowdcore.server.http.rates import Buckets

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.store import Conn, Database

LINK_SECONDS = 600.0
SESSION_SECONDS = 7 * 86400.0
ATTEMPTS = 0.5
"""Wrong links and tokens of one address, per second; ten may come at once."""


@dataclass(frozen=True)
class Who:
    """Somebody who is let in. `session` is None for a bearer token."""

    role: Role
    id: str
    session: str | None


def make_login_link(db: Database, secret: bytes, base_url: str, role: Role = "owner") -> str:
    """A link that logs in once, within 10 minutes. `base_url` is the address of the admin pages."""
    content = {
        "role": role, "until": time.time() + LINK_SECONDS, "id": secrets.token_urlsafe(12),
        "db": db.write(passes.mark),
    }  # fmt: skip
    return f"{base_url.rstrip('/')}/login?token={_sign(secret, 'login', content)}"


def make_admin_token(db: Database, secret: bytes, role: Role, days: float) -> str:
    """A bearer token for the admin API of this database, good for `days`, or until it is revoked."""
    now = time.time()

    def make(conn: Conn) -> tuple[str, Pass]:
        return passes.mark(conn), passes.keep(conn, "token", role, now, now + days * 86400)

    mark, made = db.write(make)
    return _sign(secret, "token", {"role": role, "until": made.until, "id": made.id, "db": mark})


class Access:
    """Checks everything that `secret` signed for the database `db`."""

    def __init__(self, secret: bytes, db: Database, clock: Clock) -> None:
        self._secret = secret
        self._db = db
        self._clock = clock
        self._attempts = Buckets(ATTEMPTS, clock, burst=10)

    async def log_in(self, token: str, address: str) -> str | None:
        """A session for a login link's token, once; None if it is old, used, or not ours.

        RequestError 429 if the address tried too many that were none.
        """
        content = self._content("login", token, address)
        if content is None:
            return None
        key = "login:" + hashlib.sha256(token.encode()).hexdigest()
        now, until = self._clock.now(), content["until"]

        def use(conn: Conn) -> tuple[str, Pass] | None:
            if passes.known_mark(conn) != content.get("db"):
                return None
            for row in conn.all("SELECT key, value FROM meta WHERE substr(key, 1, 6) = 'login:'"):
                if float(row["value"]) < now:
                    conn.execute("DELETE FROM meta WHERE key = :key", key=row["key"])
            insert = "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO NOTHING"
            if conn.execute(insert, key=key, value=repr(until)) != 1:
                return None
            return passes.mark(conn), passes.keep(conn, "session", content["role"], now, now + SESSION_SECONDS)

        made = await self._db.awrite(use)
        if made is None:
            self._attempts.take(address)
            return None
        mark, kept = made
        return _sign(self._secret, "session", {"role": kept.role, "until": kept.until, "id": kept.id, "db": mark})

    async def log_out(self, who: Who) -> None:
        """End this session, or this token, for good."""
        await self.end(who.id)

    async def end(self, id: str) -> bool:
        """End the session or token `id`; False if there is none."""
        return await self._db.awrite(lambda conn: passes.end(conn, id))

    async def good(self) -> list[Pass]:
        """All sessions and tokens that are good."""
        now = self._clock.now()
        return await self._db.aread(lambda conn: passes.good(conn, now))

    async def session(self, cookie: str | None) -> Who | None:
        """Who the session cookie stands for."""
        who = await self._who(self._content("session", cookie, None))
        return None if who is None else Who(who.role, who.id, who.id)

    async def bearer(self, token: str, address: str) -> Who | None:
        """Who a bearer token stands for; RequestError 429 if the address tried too many that were none."""
        who = await self._who(self._content("token", token, address))
        return None if who is None else Who(who.role, who.id, None)

    async def _who(self, content: dict[str, Any] | None) -> Pass | None:
        if content is None:
            return None
        now, id = self._clock.now(), str(content["id"])

        def read(conn: Conn) -> Pass | None:
            return passes.find(conn, id, now) if passes.known_mark(conn) == content.get("db") else None

        return await self._db.aread(read)

    def csrf(self, who: Who) -> str:
        """What a form of this session must carry."""
        return hmac.new(derive(self._secret, "csrf"), (who.session or "").encode(), "sha256").hexdigest()

    def csrf_fits(self, who: Who, given: str) -> bool:
        """Whether a form came from one of our own pages."""
        return who.session is None or hmac.compare_digest(self.csrf(who).encode(), given.encode())

    def _content(self, purpose: str, token: str | None, address: str | None) -> dict[str, Any] | None:
        """What the token holds, if we signed it; wrong ones of an `address` are counted."""
        if not token:
            return None
        if address is not None:
            self._attempts.check(address)
        try:
            content = cast("dict[str, Any]", _signer(self._secret, purpose).loads(token))
        except BadData:
            content = None
        if content is not None and content["until"] > self._clock.now() and content["role"] in ROLES:
            return content
        if address is not None:
            self._attempts.take(address)
        return None


def _sign(secret: bytes, purpose: str, content: dict[str, Any]) -> str:
    token = _signer(secret, purpose).dumps(content)
    return token if isinstance(token, str) else token.decode()


def _signer(secret: bytes, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        derive(secret, f"admin:{purpose}"), salt="crowd.admin", signer_kwargs={"digest_method": hashlib.sha256}
    )
