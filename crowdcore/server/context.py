"""What the worker application is given: a protocol that the run fulfils."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.plugins.hooks import Contributed
    from crowdcore.server.http.limits import Limits
    from crowdcore.store import FileStore
    from crowdcore.work.context import Socket
    from crowdcore.work.counters import Counters
    from crowdcore.work.service import Work

LiveHandler = Callable[[int, int, "Socket"], Awaitable[None]]
"""`await handler(agent_id, after, socket)`: one accepted live connection, from its start to its end."""


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
    def routes(self) -> Sequence[Contributed]:
        """Starlette routes that plugins added."""

    @property
    def added_metrics(self) -> Callable[[], Awaitable[Sequence[Any]]]:
        """Asks plugins for their metric families (of prometheus_client)."""

    @property
    def framed_by(self) -> Sequence[str]:
        """Sites that may show the pages in a frame."""

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
    def troubles(self) -> Callable[[], Mapping[str, str]]:
        """Asks what is wrong with the run's background loops, by loop; for /healthz, which names the loops only."""

    @property
    def live(self) -> LiveHandler | None:
        """What serves live connections."""
