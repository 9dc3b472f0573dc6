"""The admin application: log in, the page of runs, and the same as JSON under /api/v1."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs

from crowdcore.admin.access import SESSION_SECONDS, Access, Who
from crowdcore.admin.added import PREFIX, AddedApp
from crowdcore.admin.context import AdminContext
from crowdcore.admin.hosts import Hosts
from crowdcore.admin.overview import Overview
from crowdcore.errors import RequestError
from crowdcore.server.http.bodies import media_type, read_body
from crowdcore.server.http.edge import Edge
from crowdcore.server.http.headers import ADMIN, policy, security_headers
from crowdcore.server.http.limits import Limits
from crowdcore.server.http.pages import CROWD_CSS, NO_ICON, Assets, message_page, template, wants_html
from crowdcore.server.http.problems import as_request_error
from crowdcore.server.http.rates import network
from crowdcore.server.http.reply import (
    NO_STORE,
    App,
    Header,
    Receive,
    Reply,
    Scope,
    Send,
    header,
    html_reply,
    json_reply,
)

if TYPE_CHECKING:
    from crowdcore.store import Conn

T = TypeVar("T")
Page = Callable[[Scope, Receive, Who | None], Awaitable[Reply]]
STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
API = "/api/v1/runs"
_RUN = API + "/{run}"
_LIMITS = Limits(json_body=64 * 1024)
_NOTHING: tuple[str, bool, Page | None] = ("", False, None)


class AdminApp:
    """The ASGI application. Make it with `admin_app`."""

    def __init__(self, context: AdminContext) -> None:
        self._context = context
        self._access = Access(context.secret_key, context.db, context.clock)
        self._hosts = Hosts(context.options)
        self._assets = Assets(STATIC / "admin.css", STATIC / "admin.js", CROWD_CSS)
        self._overview = Overview()
        self._added = AddedApp(context)
        # One thread: counting units of a large run must not stop the workers' event loop.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="admin")
        headers = [*security_headers(policy(ADMIN)), (b"cross-origin-opener-policy", b"same-origin")]
        self._edge = Edge(self._serve, headers)
        self._pages: dict[str, tuple[str, bool, Page | None]] = {  # path: method, open to all, what answers
            "/": ("GET", True, self._home),
            "/healthz": ("GET", True, self._health),
            "/login": ("GET", True, self._log_in),
            "/logout": ("POST", False, self._log_out),
            "/access": ("GET", False, self._good),
            "/access/end": ("POST", False, self._end),
            "/api/v1/openapi.json": ("GET", False, self._openapi),
            API: ("GET", False, self._runs),
            _RUN: ("GET", False, self._run),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; there are no sockets here."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4404, "reason": "not_found"})
            return
        await self._edge(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["path"] != "/healthz":
                self._hosts.check(header(scope, b"host"))
            reply: App | None = self._assets.reply(scope) if scope["method"] in ("GET", "HEAD") else None
            if reply is None:
                reply = await self._answer(scope, receive)
        except Exception as error:
            refusal = as_request_error(error)
            if not wants_html(scope):
                raise refusal from None
            reply = message_page(refusal)
        await reply(scope, receive, send)

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """(method, path) of what is answered here besides icons and styles."""
        return [(method, path) for path, (method, _, _) in self._pages.items()]

    async def _answer(self, scope: Scope, receive: Receive) -> App:
        path = scope["path"]
        if path == "/favicon.ico":
            return NO_ICON
        method, is_open, page = self._pages.get(_RUN if path.startswith(API + "/") else path, _NOTHING)
        who = await self._who(scope)
        if who is None and not is_open:
            raise RequestError(401, "bad_token", "Log in first: type crowd admin login, or send a bearer token.")
        if who is not None and path.startswith(PREFIX):
            return await self._added.answer(scope, who)
        if page is None:
            raise RequestError(404, "not_found", "There is nothing at this address.")
        if scope["method"] != method and not (method == "GET" and scope["method"] == "HEAD"):
            raise RequestError(405, "method_not_allowed", f"Only {method}.", allow=[method])
        return await page(scope, receive, who)

    async def _health(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        return json_reply(200, {"status": "ok"})

    async def _openapi(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        from crowdcore.admin.openapi import admin_document  # hardly anybody asks for it

        return json_reply(200, admin_document())

    async def _runs(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        now = self._context.clock.now()
        return json_reply(200, {"now": now, "runs": await self._read(self._overview.runs(now))})

    async def _run(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        now, name = self._context.clock.now(), scope["path"][len(API) + 1 :]
        return json_reply(200, {"now": now, **await self._read(self._overview.run(name, now))})

    async def _read(self, fn: Callable[[Conn], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._context.db.read, fn)

    async def _home(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        if who is None:
            return html_reply(401, template("login.html", TEMPLATES, failed=False))
        return html_reply(
            200,
            template(
                "runs.html", TEMPLATES, role=who.role, csrf=self._access.csrf(who), navigation=self._added.navigation
            ),
        )

    async def _log_in(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        # A HEAD comes from who looks at links without opening them: it must not use the link up.
        right = token and scope["method"] == "GET"
        session = await self._access.log_in(token, _address(scope)) if right else None
        if session is None:
            return html_reply(401, template("login.html", TEMPLATES, failed=bool(token)))
        # A page instead of a redirect: a strict cookie is not sent along a redirect from another site.
        return html_reply(200, template("welcome.html", TEMPLATES), _cookie(scope, session, int(SESSION_SECONDS)))

    async def _log_out(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        assert who is not None
        await self._check_form(scope, receive, who)
        await self._access.log_out(who)
        return Reply(303, b"", (b"location", b"/"), NO_STORE, _cookie(scope, "", 0))

    async def _good(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        """Who is logged in, and which tokens there are."""
        who = _owner(who)
        rows = [
            {**asdict(one), "mine": one.id == who.id, "made": _day(one.made), "until": _day(one.until)}
            for one in await self._access.good()
        ]
        return html_reply(200, template("access.html", TEMPLATES, rows=rows, csrf=self._access.csrf(who)))

    async def _end(self, scope: Scope, receive: Receive, who: Who | None) -> Reply:
        who = _owner(who)
        fields = await self._check_form(scope, receive, who)
        if not await self._access.end(fields.get("id", "")):
            raise RequestError(404, "not_found", "This session or token has ended already.")
        return Reply(303, b"", (b"location", b"/access"), NO_STORE)

    async def _check_form(self, scope: Scope, receive: Receive, who: Who) -> dict[str, str]:
        """The fields of a form of one of our own pages; RequestError 403 for any other."""
        if media_type(scope) != "application/x-www-form-urlencoded":
            raise RequestError(415, "unsupported_media_type", "Send a form.")
        body = (await read_body(scope, receive, _LIMITS)).decode("utf-8", "replace")
        fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        site = header(scope, b"sec-fetch-site") or b"same-origin"
        if site != b"same-origin" or not self._access.csrf_fits(who, fields.get("csrf", "")):
            raise RequestError(403, "refused", "This form did not come from the admin pages. Reload and try again.")
        return fields

    async def _who(self, scope: Scope) -> Who | None:
        value = header(scope, b"authorization")
        if value is not None and value[:7].lower() == b"bearer ":
            return await self._access.bearer(value[7:].decode("latin-1").strip(), _address(scope))
        return await self._access.session(_cookies(scope).get(_name(scope)))


def admin_app(context: AdminContext) -> AdminApp:
    """The application for the admin origin."""
    return AdminApp(context)


def _owner(who: Who | None) -> Who:
    if who is None or who.role != "owner":
        raise RequestError(403, "refused", "Only owners see and end what others log in with.")
    return who


def _address(scope: Scope) -> str:
    return network((scope.get("client") or ("", 0))[0])


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def _name(scope: Scope) -> str:
    """Cookies do not know ports, and two admin servers may live on one host."""
    return f"crowd_admin_{(scope.get('server') or ('', 0))[1]}"


def _cookies(scope: Scope) -> dict[str, str]:
    try:
        jar = SimpleCookie((header(scope, b"cookie") or b"").decode("latin-1"))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _cookie(scope: Scope, value: str, seconds: int) -> Header:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    text = f"{_name(scope)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", text.encode("latin-1")
