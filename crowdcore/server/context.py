"""What the applications are given: protocols that the run fulfils, and the limits of the edge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from crowdcore.clock import Clock
    from crowdcore.context import Socket
    from crowdcore.progress import Counters
    from crowdcore.store import Database, FileStore
    from crowdcore.work import Work

LiveHandler = Callable[[int, int, "Socket"], Awaitable[None]]
"""`await handler(agent_id, after, socket)`: one accepted live connection, from its start to its end."""


@dataclass(frozen=True)
class Limits:
    """What the edge lets in. Sizes are bytes, times seconds, rates requests per second (0 = no limit).

    A body may pause for `idle` and must come at `slowest` bytes per second at least; one agent holds `sockets` live
    connections. The rate per address spares this machine's own addresses: a proxy without forwarding headers and
    simulated workers all come from there.
    """

    json_body: int = 16 * 1024 * 1024
    file: int = 100 * 1024 * 1024
    form: int = 512 * 1024 * 1024
    files: int = 100
    idle: float = 30.0
    slowest: int = 512
    sockets: int = 8
    agent_rate: float = 50.0
    address_rate: float = 300.0
    token_age: float = 90 * 86400.0


class ServerContext(Protocol):
    """What the worker application needs of a run.

    `identity` never repeats, not even in a new database (say, name and time of creation): it is part
    of what tokens are signed for. `frontend` and `provider_page` are what blueprint_frontend and
    provider_page answered; both may hold `csp` ({directive: [source, …]}). `live` is
    None when the run has no live part.
    """

    @property
    def run_name(self) -> str:
        """The run's name, as metrics label it."""

    @property
    def identity(self) -> str:
        """Names the run for ever."""

    @property
    def work(self) -> Work:
        """The calls of the worker API."""

    @property
    def build_dir(self) -> Path:
        """The folder with the task's front end."""

    @property
    def frontend(self) -> Mapping[str, Any]:
        """What blueprint_frontend answered."""

    @property
    def provider_page(self) -> Mapping[str, Any]:
        """What provider_page answered."""

    @property
    def routes(self) -> Sequence[Any]:
        """Starlette routes of extensions."""

    @property
    def secret_key(self) -> bytes:
        """The installation's key."""

    @property
    def counters(self) -> Counters:
        """Numbers for /metrics."""

    @property
    def files(self) -> FileStore:
        """Where uploads go."""

    @property
    def limits(self) -> Limits:
        """What the edge lets in."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def live(self) -> LiveHandler | None:
        """What serves live connections."""


class AdminContext(Protocol):
    """What the admin application needs: it shows every run of the database."""

    @property
    def db(self) -> Database:
        """The database whose runs are shown."""

    @property
    def secret_key(self) -> bytes:
        """The installation's key."""

    @property
    def clock(self) -> Clock:
        """What time it is."""
