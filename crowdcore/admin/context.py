"""What the admin application is given: a protocol that the run fulfils."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
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
