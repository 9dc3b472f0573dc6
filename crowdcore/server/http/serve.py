"""Serving an ASGI application in the running event loop: bind first, serve, stop within a grace."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from crowdcore.errors import RunError

KEEP_ALIVE = 15
_TRIES = 200


def next_free_port(host: str, port: int) -> int | None:
    """The first port from `port` upwards that can be bound on `host` now; None if 200 are taken."""
    for candidate in range(port, min(port + _TRIES, 65536)):
        with contextlib.suppress(OSError), _bind(host, candidate):
            return candidate
    return None


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop of the fastest kind there is here."""
    try:
        import uvloop  # not on every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Server:
    """One application on one port. `port` 0 takes any; read `.port` after `start()`.

    `option` is what the user calls the port, for messages (say, architect.port). `trusted_proxies` are addresses and
    networks that are believed whose request they pass on.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        ssl_certfile: Path | str | None = None,
        ssl_keyfile: Path | str | None = None,
        option: str = "architect.port",
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        self.app, self.host, self.port = app, host, port
        self._certfile, self._keyfile, self._option = ssl_certfile, ssl_keyfile, option
        self._trusted = trusted_proxies
        self._socket: socket.socket | None = None
        self._uvicorn: Any = None
        self._stopping = False
        self._done = asyncio.Event()

    def start(self) -> int:
        """Bind and listen, so that clients queue from now on; the actual port. RunError if impossible."""
        self._check_tls()
        try:
            self._socket = _bind(self.host, self.port)
        except OSError as error:
            raise RunError(self._bind_problem(error)) from None
        self.port = self._socket.getsockname()[1]
        return self.port

    @property
    def local_url(self) -> str:
        """The address for a browser on this machine, with a slash at its end."""
        scheme = "https" if self._certfile else "http"
        host = "localhost" if self.host in ("", "0.0.0.0", "::", "127.0.0.1", "::1") else self.host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"

    async def serve(self) -> None:
        """Serve until `stop`. Runs in the current loop and leaves signals alone."""
        if self._socket is None:
            self.start()
        if not self._stopping:
            self._uvicorn = _server(self.app, self._certfile, self._keyfile, self._trusted)
        try:
            if self._uvicorn is not None:
                await self._uvicorn.serve(sockets=[self._socket])
        finally:
            self._close()
            self._done.set()

    async def stop(self, grace: float = 5.0) -> None:
        """Take no new connection, let running requests end for `grace` seconds, then cut them."""
        self._stopping = True
        if self._uvicorn is None:
            self._close()
            return
        self._uvicorn.leave(grace)
        await self._done.wait()

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _check_tls(self) -> None:
        if not self._certfile:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._certfile, self._keyfile)
        except (OSError, ssl.SSLError) as error:
            raise RunError(f"TLS files {self._certfile}, {self._keyfile}: {error}") from None

    def _bind_problem(self, error: OSError) -> str:
        where = f"port {self.port}"
        if error.errno == errno.EADDRINUSE:
            free = next_free_port(self.host, self.port + 1)
            hint = f"; {free} is free: {self._option}={free}" if free else f"; choose another: {self._option}=PORT"
            return f"{where} is taken{hint}"
        if error.errno == errno.EACCES:
            return f"{where} may not be used by this account; choose one above 1023: {self._option}=3000"
        return f"{where} on host {self.host!r} cannot be used: {error.strerror or error}"


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket, IPv6 if `host` is such an address."""
    if not 0 <= port <= 65535:
        raise OSError(errno.EINVAL, "a port is a number from 0 to 65535")
    facts = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = min(facts, key=lambda fact: fact[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _server(app: Any, certfile: Path | str | None, keyfile: Path | str | None, trusted: Sequence[str]) -> Any:
    import uvicorn  # 0.1 s, only for who serves

    from crowdcore.server.http.doors import Doors
    from crowdcore.server.http.guard import GuardedProtocol
    from crowdcore.server.http.prompt import PromptServer
    from crowdcore.server.http.proxies import Forwarded, Proxies

    proxies = Proxies(trusted)
    doors = Doors(proxies)

    def socket_protocol(**arguments: Any) -> asyncio.Protocol:
        from crowdcore.server.http.guard_sockets import GuardedSocket  # most runs never need it

        return GuardedSocket(doors=doors, **arguments)

    # At INFO uvicorn writes the address of sockets with their query, which holds a token; its only
    # warning is that somebody does not speak HTTP.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)

    config = uvicorn.Config(
        Forwarded(app, proxies),
        http=partial(GuardedProtocol, doors=doors),  # type: ignore[arg-type]  # called like the class
        ws=socket_protocol,  # type: ignore[arg-type]
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # Forwarded does that
        timeout_keep_alive=KEEP_ALIVE,
        ssl_certfile=certfile,
        ssl_keyfile=keyfile,
        ws_max_size=1024 * 1024,
        ws_ping_interval=10.0,
        ws_ping_timeout=10.0,  # a dead network is noticed within 20 s
        ws_per_message_deflate=False,  # 300 kB for each connection, to save little on short texts
        backlog=2048,
    )
    return PromptServer(config)
