"""Who may see the admin pages: one-time links, sessions, bearer tokens, and the guard against forged posts."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from itsdangerous import BadData, URLSafeSerializer

from crowdcore.base.secret import derive

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.store import Conn, Database

Role = Literal["owner", "reader"]
ROLES: tuple[Role, ...] = ("owner", "reader")
LINK_SECONDS = 600.0
SESSION_SECONDS = 7 * 86400.0


@dataclass(frozen=True)
class Who:
    """Somebody who is logged in. `session` is None for a bearer token."""

    role: Role
    session: str | None


def make_login_link(secret: bytes, base_url: str, role: Role = "owner") -> str:
    """A link that logs in once, within 10 minutes. `base_url` is the address of the admin pages."""
    content = {"role": role, "until": time.time() + LINK_SECONDS, "id": secrets.token_urlsafe(12)}
    return f"{base_url.rstrip('/')}/login?token={_signer(secret, 'login').dumps(content)}"


def make_admin_token(secret: bytes, role: Role, days: float) -> str:
    """A bearer token for the admin API, good for `days`."""
    token = _signer(secret, "token").dumps({"role": role, "until": time.time() + days * 86400})
    return token if isinstance(token, str) else token.decode()


class Access:
    """Checks everything that `secret` signed."""

    def __init__(self, secret: bytes, db: Database, clock: Clock) -> None:
        self._secret = secret
        self._db = db
        self._clock = clock

    async def log_in(self, token: str) -> str | None:
        """A session for a login link's token, once; None if it is old, used or not ours."""
        content = self._content("login", token)
        if content is None:
            return None
        key = "login:" + hashlib.sha256(token.encode()).hexdigest()
        now, until = self._clock.now(), content["until"]

        def use(conn: Conn) -> bool:
            old = conn.all("SELECT key, value FROM meta WHERE key >= 'login:' AND key < 'login;'")
            for row in old:
                if float(row["value"]) < now:
                    conn.execute("DELETE FROM meta WHERE key = :key", key=row["key"])
            insert = "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO NOTHING"
            return conn.execute(insert, key=key, value=repr(until)) == 1

        if not await self._db.awrite(use):
            return None
        session = {"role": content["role"], "until": now + SESSION_SECONDS, "id": secrets.token_urlsafe(12)}
        return str(_signer(self._secret, "session").dumps(session))

    def session(self, cookie: str | None) -> Who | None:
        """Who the session cookie stands for."""
        content = self._content("session", cookie)
        return None if content is None else Who(content["role"], content["id"])

    def bearer(self, token: str | None) -> Who | None:
        """Who a bearer token stands for."""
        content = self._content("token", token)
        return None if content is None else Who(content["role"], None)

    def csrf(self, who: Who) -> str:
        """What a form of this session must carry."""
        return hmac.new(derive(self._secret, "csrf"), (who.session or "").encode(), "sha256").hexdigest()

    def csrf_fits(self, who: Who, given: str) -> bool:
        """Whether a form came from one of our own pages."""
        return who.session is None or hmac.compare_digest(self.csrf(who).encode(), given.encode())

    def _content(self, purpose: str, token: str | None) -> dict[str, Any] | None:
        if not token:
            return None
        try:
            content = cast("dict[str, Any]", _signer(self._secret, purpose).loads(token))
        except BadData:
            return None
        return content if content["until"] > self._clock.now() and content["role"] in ROLES else None


def _signer(secret: bytes, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        derive(secret, f"admin:{purpose}"), salt="crowd.admin", signer_kwargs={"digest_method": hashlib.sha256}
    )
