"""How many connections one server has at a time: in all, and from one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

from crowdcore.server.http.rates import is_local, network

ANSWERS = "crowdcore.answers"
"""In the scope of a socket of our own server: an async function, whether the client is still there."""
MOST = 20_000
MOST_OF_ADDRESS = 2_000
"""A class or an office is one address; proxies that are trusted and this machine are spared."""
SPARE_FILES = 256
"""File descriptors for everything that is not a connection: the database, uploads, the task's own code."""


class Doors:
    """Counts the connections of one server; addresses in `spared` may have as many as there are places."""

    def __init__(self, spared: Container[str] = ()) -> None:
        self._most = min(MOST, max(64, _open_files() - SPARE_FILES))
        self._spare = spared
        self._inside: Counter[str] = Counter()
        self._all = 0

    def enter(self, client: tuple[str, int] | None) -> bool:
        """Take a place for a connection from `client`; False if there is none."""
        key = network(client[0]) if client else ""
        if self._all >= self._most or (self._inside[key] >= MOST_OF_ADDRESS and not self._spared(client)):
            return False
        self._all += 1
        self._inside[key] += 1
        return True

    def leave(self, client: tuple[str, int] | None) -> None:
        """Give the place back."""
        key = network(client[0]) if client else ""
        self._all -= 1
        self._inside[key] -= 1
        if not self._inside[key]:
            del self._inside[key]

    def _spared(self, client: tuple[str, int] | None) -> bool:
        return client is None or is_local(client[0]) or client[0] in self._spare


def _open_files() -> int:
    """How many file descriptors this process may have, once it has asked for as many as are useful."""
    try:
        import resource  # not on every platform
    except ImportError:
        return MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + 2 * SPARE_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST + 2 * SPARE_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return MOST + SPARE_FILES if soft == resource.RLIM_INFINITY else soft
