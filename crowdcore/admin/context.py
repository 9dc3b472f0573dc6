"""What the admin application is given: a protocol that the run fulfils."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from crowdcore.base.clock import Clock
    from crowdcore.plugins.hooks import Contributed
    from crowdcore.plugins.schema import AdminConfig
    from crowdcore.store import Database


class AdminContext(Protocol):
    """What the admin application needs: it shows every run of the database."""

    @property
    def db(self) -> Database:
        """The database whose runs are shown."""

    @property
    def secret_key(self) -> bytes:
        """The installation's key."""

    @property
    def options(self) -> AdminConfig:
        """Where the pages are served."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def run_name(self) -> str:
        """The run that serves these pages, whose plugins have added some."""

    @property
    def added(self) -> Added:
        """What they have added."""


class AddedPage(Protocol):
    """A page of a plugin at /x/PLACE/PATH; without `content` a route answers there."""

    @property
    def place(self) -> str:
        """The first word of its address."""

    @property
    def path(self) -> str:
        """The rest of it."""

    @property
    def title(self) -> str:
        """What the navigation calls it."""

    @property
    def content(self) -> Callable[[], Awaitable[str]] | None:
        """Asks for its HTML; CrowdError, if the plugin fails."""


class Added(Protocol):
    """Pages, and routes by the first word of their addresses."""

    @property
    def pages(self) -> Sequence[AddedPage]:
        """In the order of the navigation."""

    @property
    def routes(self) -> Sequence[tuple[str, Sequence[Contributed]]]:
        """Starlette routes."""
