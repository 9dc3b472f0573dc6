"""Whose word is taken for where a request comes from: that of the proxies that the operator named, nobody else's.

Each proxy on the way adds the address that it sees to the right of X-Forwarded-For, so the right-most address that is
none of the named proxies' is the client; what stands left of it anybody can have written.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence
from functools import lru_cache

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from crowdcore.errors import RunError
from crowdcore.server.http.reply import App, Receive, Scope, Send, header

MOST_TOLD = 5
"""Addresses of which the log says that they pass on what nobody believes."""

log = logging.getLogger("crowdcore.server")


def networks(words: Sequence[str]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The addresses and networks that `words` name; RunError with the first word that names none."""
    try:
        return tuple(ipaddress.ip_network(word) for word in words)
    except ValueError as error:
        raise RunError(f"trusted proxies: {error}; give addresses or networks, as in 10.0.0.0/8") from None


class Proxies:
    """The proxies that are believed."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = list(words)
        named = networks(words)

        @lru_cache(4096)
        def contains(address: str) -> bool:
            try:
                known = ipaddress.ip_address(address)
            except ValueError:
                return False
            return any(known in network for network in named)

        self._contains = contains

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and self._contains(address)


class Forwarded:
    """`app`, with `client` and `scheme` as a proxy of `proxies` says; what others say of that is not believed.

    An address of one's own networks that says it nevertheless is told to the operator, once: it may be a proxy.
    """

    def __init__(self, app: App, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies
        self._believing: App = ProxyHeadersMiddleware(app, proxies.words)  # type: ignore[assignment, arg-type]
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        client = scope.get("client")
        if client and client[0] in self._proxies:
            await self._believing(scope, receive, send)
            return
        if client and header(scope, b"x-forwarded-for") is not None:
            self._tell(client[0])
        await self._app(scope, receive, send)

    def _tell(self, address: str) -> None:
        if address in self._told or len(self._told) >= MOST_TOLD or not _near(address):
            return
        self._told.add(address)
        log.warning(
            "X-Forwarded-For from %s is not believed, so all who come that way count as one address. If that is your "
            "proxy: architect.trusted_proxies=[%s], and have it write the header itself, not pass on the client's",
            address, address,
        )  # fmt: skip


def _near(address: str) -> bool:
    """Whether a proxy of one's own may stand there: strangers are not worth a line."""
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False
