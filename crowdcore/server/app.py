"""The worker application: one origin with the task's page, its files, crowd.js and the worker API."""

from __future__ import annotations

from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING

from crowdcore.errors import RequestError
from crowdcore.server.admission import Admission
from crowdcore.server.api import AGENTS, WorkerApi
from crowdcore.server.context import ServerContext
from crowdcore.server.http.contributed import routed
from crowdcore.server.http.edge import ROUTE, Edge
from crowdcore.server.http.headers import LEAVING, STRICT, policy, security_headers
from crowdcore.server.http.mount import outside
from crowdcore.server.http.pages import NO_ICON, message_page, wants_html
from crowdcore.server.http.problems import as_request_error
from crowdcore.server.http.reply import REVALIDATE, App, Message, Receive, Reply, Scope, Send, json_reply
from crowdcore.server.metrics import Metrics
from crowdcore.server.pages import TaskPage, leave_page, worker_assets

if TYPE_CHECKING:
    from starlette.staticfiles import StaticFiles

TASK = "/task/"
_OPENAPI = "/api/v1/openapi.json"
FIRST = frozenset({"api", "crowd", "crowd.css", "crowd.js", "healthz", "leave", "metrics", "task"})
"""The first words of what is answered here."""
_OWN = ("/", "/healthz", "/leave", "/metrics", _OPENAPI)
_CLIENT = Reply(307, b"", (b"location", b"../crowd.js"), REVALIDATE)
"""For pages that say src="crowd.js": relative addresses mean the task's files."""


class WorkerApp:
    """The ASGI application of one run. Make it with `worker_app`."""

    def __init__(self, context: ServerContext) -> None:
        framed = {"frame-ancestors": context.framed_by}
        csp = policy(STRICT, context.frontend.get("csp"), context.provider_page.get("csp"), framed)
        self._context = context
        self.api = WorkerApi(context)
        self._sockets = Admission(self.api, context.limits)
        self.metrics = Metrics(context)
        self._metrics_page = Reply(200)  # stands for it until plugins have been asked for theirs
        self._page = TaskPage(context.build_dir, csp)
        self._assets = worker_assets()
        self._leave = leave_page(policy(LEAVING, framed))
        self._task_csp = csp
        self._task: StaticFiles | None = None
        self._routes = _whole(routed(context.routes, _missing))
        self._edge = Edge(self._serve, security_headers(policy(STRICT, framed)), self.metrics.observe)
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        self.metrics.start_lag()
        self._open += 1
        try:
            await self._edge(scope, receive, send)
        finally:
            self._open -= 1

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """(method, path) of what is answered here besides icons, styles and the routes of extensions."""
        own = [("GET", path) for path in (*_OWN, "/crowd.js", TASK + "{file}", AGENTS + "/{agent}/live")]
        return [*own, *self.api.addresses]

    def close(self) -> None:
        """Let idle threads end."""
        self.api.close()

    def idle_seconds(self) -> float:
        """Seconds since a worker's last request was answered; 0 while one is being answered."""
        return 0.0 if self._open else perf_counter() - self.metrics.last_request

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] == "websocket" and path.startswith(AGENTS):
            await self._sockets(self._context.live, scope, receive, send)
        elif path.startswith(AGENTS) and path[len(AGENTS) : len(AGENTS) + 1] in ("", "/"):
            await self.api(scope, receive, send)
        else:
            await self._serve_page(scope, receive, send)

    async def _serve_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = self._own_page(scope) if scope["type"] == "http" else None
            if reply is self._metrics_page:
                reply = self.metrics.reply(await self._context.added_metrics())
            if reply is not None:
                await reply(scope, receive, send)
            elif scope["path"].startswith(TASK) and scope["type"] == "http":
                await self._task_file(scope, receive, send)
            else:
                await self._routes(scope, receive, send)
        except Exception as error:
            refusal = as_request_error(error)
            if scope["type"] != "http" or not wants_html(scope):
                raise refusal from None
            await message_page(refusal, home=outside(scope, "/"))(scope, receive, send)

    def _own_page(self, scope: Scope) -> Reply | None:
        """What this application answers itself; None leaves it to files and extensions."""
        path, method = scope["path"], scope["method"]
        reply: Reply | None
        if path in _OWN:
            scope[ROUTE] = path
            if method == "OPTIONS":
                return Reply(204, b"", (b"allow", b"GET, HEAD, OPTIONS"))
            if method not in ("GET", "HEAD"):
                raise RequestError(405, "method_not_allowed", "Only GET.", allow=["GET", "HEAD", "OPTIONS"])
            if path == "/":
                return self._page.reply(scope)
            if path == "/leave":
                return self._leave
            if path == _OPENAPI:
                return _openapi()
            return self._health() if path == "/healthz" else self._metrics_page
        if path == "/favicon.ico":
            return NO_ICON
        reply = self._assets.reply(scope) if method in ("GET", "HEAD") else None
        if reply is not None:
            scope[ROUTE] = path
        return reply

    def _health(self) -> Reply:
        waiting = sorted(self._context.troubles())
        if waiting:
            return json_reply(503, {"status": "trouble", "waiting": waiting})
        return json_reply(200, {"status": "ok"})

    async def _task_file(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = TASK

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = (REVALIDATE, (b"content-security-policy", self._task_csp))
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        if self._task is None:
            from starlette.staticfiles import StaticFiles  # a single-page task has no further files

            self._task = StaticFiles(directory=self._context.build_dir, check_dir=False)
        if scope["path"] == TASK + "crowd.js" and not (self._context.build_dir / "crowd.js").exists():
            await _CLIENT(scope, receive, send)
            return
        inside = {**scope, "path": scope["path"][len(TASK) - 1 :], "root_path": ""}
        await self._task(inside, receive, with_policy)


def worker_app(context: ServerContext) -> WorkerApp:
    """The application that workers see; ConfigError if a declared content policy is malformed."""
    return WorkerApp(context)


@cache
def _openapi() -> Reply:
    from crowdcore.server.openapi import worker_document  # hardly anybody asks for it

    return json_reply(200, worker_document())


def _whole(app: App) -> App:
    """Routes are given the whole path, as ASGI has it, so that they know their own addresses."""

    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "path": scope.get("root_path", "") + scope["path"]}, receive, send)

    return whole


async def _missing(scope: Scope, _: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4404, "reason": "not_found"})
        return
    raise RequestError(404, "not_found", "There is nothing at this address.")
