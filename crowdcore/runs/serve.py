"""What this process lends to one run: its servers, and the services behind the plugins' `run`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.base import paths
from crowdcore.base.loops import Closed, ask, serves
from crowdcore.base.secret import derive
from crowdcore.errors import CrowdError, RunError
from crowdcore.plugins import results
from crowdcore.plugins.hooks import CLOSE
from crowdcore.plugins.run import Run
from crowdcore.plugins.stand_ins import StandIns, make_bots
from crowdcore.runs.added import AddedMetrics, AddedPages, added_pages
from crowdcore.runs.watch import Watch
from crowdcore.server.http.limits import Limits
from crowdcore.server.http.mount import Mounted
from crowdcore.server.http.serve import Server, next_free_port

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.config import RunConfig
    from crowdcore.plugins.hooks import Contributed, Hooks
    from crowdcore.plugins.schema import AdminConfig
    from crowdcore.runs.setup import Setup
    from crowdcore.server.app import WorkerApp
    from crowdcore.store import Database, FileStore
    from crowdcore.work.context import RunContext
    from crowdcore.work.counters import Counters
    from crowdcore.work.service import Work


T = TypeVar("T")

_TRIES = 5
MACHINES = ("/metrics", "/healthz")
"""Addresses that machines ask all the time: they do not keep a run from ending."""
_NOT_RETURNED = {
    "over": (logging.WARNING, "its work was submitted here before: it stays so, and owed, until you reject it"),
    "unknown": (logging.INFO, "nobody has come with it"),
}
log = logging.getLogger("crowdcore.platform")


async def _no_metrics() -> Sequence[Any]:
    return ()


@dataclass
class WorkerContext:
    """What the worker application is given (see `crowdcore.server.context.ServerContext`)."""

    run_name: str
    identity: str
    work: Work
    build_dir: Path
    framed_by: Sequence[str]
    frontend: Mapping[str, Any]
    provider_page: Mapping[str, Any]
    routes: Sequence[Contributed]
    secret_key: bytes
    counters: Counters
    files: FileStore
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    live: Any = None
    troubles: Callable[[], Mapping[str, str]] = dict
    added_metrics: Callable[[], Awaitable[Sequence[Any]]] = _no_metrics


@dataclass
class AdminPages:
    """What the admin application is given."""

    db: Database
    secret_key: bytes
    clock: Clock
    options: AdminConfig
    run_name: str = ""
    added: AddedPages = field(default_factory=AddedPages)


class Serving:
    """The servers of one run; fulfils `crowdcore.plugins.run.RunServices`."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._loop = asyncio.get_running_loop()
        serves(self._loop)
        self._servers: list[tuple[Server, asyncio.Task[None]]] = []
        self._context: RunContext | None = None
        self._app: WorkerApp | None = None
        self._runs: dict[str, Run] = {}
        self._closed = False
        self._worker_pages: Mounted | None = None
        self._said: set[str] = set()
        self._added = AddedPages()
        self.gates: Sequence[Contributed] = ()
        """Gates that plugins added, to be closed at the end."""
        self.watch = Watch(setup.row.name, paths.troubles_file(setup.db.folder, setup.row.name))
        self.stand_ins = StandIns(make_bots(setup.plugins, self))
        self.last_request = setup.clock.ticks()

    @property
    def db(self) -> Database:
        """The database the run is stored in."""
        return self._setup.db

    @property
    def run_id(self) -> int:
        """The run's id in it."""
        return self._setup.row.id

    @property
    def name(self) -> str:
        """The run's name."""
        return self._setup.row.name

    @property
    def config(self) -> RunConfig:
        """The configuration as it is now."""
        return self._setup.config if self._context is None else self._context.config

    def secret(self, label: str) -> bytes:
        """A key that only this installation knows, its own for each label."""
        return derive(self._setup.secret_key, label)

    def serve(
        self, app: Any, *, host: str, port: int, ssl_certfile: Path | None, ssl_keyfile: Path | None,
        trusted_proxies: Sequence[str] = (),
    ) -> int:  # fmt: skip
        """Serve an ASGI application on the run's loop; called from hooks' threads. The port it got."""
        trusted = tuple(trusted_proxies)
        return self._ask(lambda: self._serve(app, host, port, ssl_certfile, ssl_keyfile, "architect.port", trusted))

    def _ask(self, what: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Have it done on the run's loop; RunError to a hook that outlived its run."""

        async def unless_closed() -> T:
            if self._closed:  # the loop still comes to its end, the database may be closed already
                raise Closed
            return await what()

        try:
            return ask(self._loop, unless_closed())
        except Closed:
            raise RunError(f"run {self.name} has ended") from None

    async def _serve(
        self, app: Any, host: str, port: int, certificate: Path | None, key: Path | None, option: str,
        trusted: Sequence[str] = ("127.0.0.1", "::1"),
    ) -> int:  # fmt: skip
        server = Server(
            app, host, port, ssl_certfile=certificate, ssl_keyfile=key, option=option, trusted_proxies=trusted
        )
        server.start()
        self._servers.append((server, asyncio.create_task(server.serve())))
        return server.port

    def visit_returned(self, external_id: str) -> bool:
        """The platform says that this visit was given back; called from hooks' threads. Whether work ended by that."""
        return self._ask(lambda: self._return(external_id))

    async def _return(self, external_id: str) -> bool:
        from crowdcore.work.end import visit_returned

        assert self._context is not None
        became = await visit_returned(self._context, external_id)
        if became in _NOT_RETURNED and external_id not in self._said:  # a platform repeats itself every 20 s
            self._said.add(external_id)
            level, told = _NOT_RETURNED[became]
            log.log(level, "%s: the platform says that visit %r was given back, but %s", self.name, external_id, told)
        return became == "ended"

    def facade_for(self, plugin: str) -> Run:
        """The `run` that one plugin gets."""
        if plugin not in self._runs:
            self._runs[plugin] = self._setup.plugins.facade(self, plugin)
        return self._runs[plugin]

    async def application(self, context: RunContext, work: Work, counters: Counters, build: Path) -> Any:
        """The worker application; requests are noted, for a run ends only when it is quiet."""
        from crowdcore.server.app import FIRST, worker_app

        self._context = context
        contributed = await context.hooks.register_routes()
        results.routes(contributed)
        metrics = AddedMetrics(context.hooks, await context.hooks.register_metrics())
        await metrics.check()
        self._added = await added_pages(context.hooks)
        row, task = self._setup.row, self._setup.config.task
        self._app = app = worker_app(
            WorkerContext(
                run_name=row.name, identity=row.identity, work=work, build_dir=build,
                framed_by=context.config.task.framed_by,
                frontend=context.frontend, provider_page=context.provider_page, routes=contributed,
                secret_key=self._setup.secret_key, counters=counters, files=context.files, clock=context.clock,
                live=None if context.live is None else context.live.serve,
                troubles=self._troubles, added_metrics=metrics,
                limits=Limits(draft=task.max_draft, values=task.max_values),
            )
        )  # fmt: skip

        async def noted(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("path") in MACHINES:
                return await app(scope, receive, send)
            self.last_request = context.clock.ticks()
            await app(scope, receive, send)
            self.last_request = context.clock.ticks()
            return None

        self._worker_pages = Mounted(noted, FIRST)
        return self._worker_pages

    def reached_at(self, url: str) -> None:
        """Where workers come: a path in this address means the same as none, for a proxy may strip it or not."""
        assert self._worker_pages is not None
        self._worker_pages.reached_at(url)

    def _troubles(self) -> dict[str, str]:
        """What is wrong now; asks nobody, so /healthz answers whatever hangs."""
        why = self.db.trouble()
        return {**self.watch.troubles, **({} if why is None else {"database": why})}

    async def admin(self) -> str | None:
        """Serve the admin pages on their own port; their address."""
        from crowdcore.admin import admin_app
        from crowdcore.admin.address import remember_address

        options = self._setup.config.admin
        pages = admin_app(
            AdminPages(self._setup.db, self._setup.secret_key, self._setup.clock, options, self.name, self._added)
        )
        listen = partial(
            self._serve, pages, options.host, certificate=options.tls_certificate, key=options.tls_key,
            option="admin.port",
        )  # fmt: skip
        if options.port is not None:
            await listen(options.port)
        else:
            await self._serve_near(listen, options.host)
        url = options.public_url or self._servers[-1][0].local_url
        await self.db.awrite(lambda c: remember_address(c, self.name, url))
        return url

    async def _serve_near(self, listen: Callable[[int], Awaitable[int]], host: str) -> None:
        """Serve on the port after the workers', or the next free one, or any: programs that start now take some too."""
        for _ in range(_TRIES if self._servers else 0):
            with suppress(RunError):
                port = next_free_port(host, self._servers[0][0].port + 1) or 0
                await listen(port)
                return
        await listen(0)

    async def close_plugins(self, hooks: Hooks) -> None:
        """Let gates and plugins free what they hold, after the last request; each in a bounded time."""
        for _, gate, author in self.gates:
            if hasattr(gate, "close"):
                try:
                    await hooks.added(author, f"close of gate {gate.name}", gate.close, CLOSE)
                except CrowdError as error:
                    log.error("%s: %s", self.name, error, exc_info=error.__cause__)
        self.gates = ()
        await hooks.plugin_close()

    async def close(self) -> None:
        """Stop every server, in which requests in hand may end, and what the bots hold."""
        self._closed = True
        await asyncio.gather(*(server.stop() for server, _ in self._servers))
        await asyncio.gather(*(task for _, task in self._servers), return_exceptions=True)
        self._servers.clear()
        if self._app is not None:
            self._app.close()
        await self.stand_ins.close()
        self.watch.close()
