"""uvicorn's server, but it leaves the moment it is told to. Imported by who serves: uvicorn costs 0.1 s."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from crowdcore.base.wait import pause

_LOOK = 0.005
"""Seconds between two looks whether the last request has ended."""


class PromptServer(uvicorn.Server):
    """Signals belong to the run, not to its servers; and what uvicorn looks at each 0.1 s happens at once here."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._grace = 0.0
        self._leaving = asyncio.Event()

    def leave(self, grace: float) -> None:
        """Begin to stop; requests in hand get `grace` seconds."""
        self._grace = grace
        self.should_exit = True
        self._leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def main_loop(self) -> None:
        """Until `leave`; each look renews the date that answers carry."""
        while not await self.on_tick(0):
            await pause(self._leaving, 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection, let requests in hand end, then cut them."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self._grace):
                while self.server_state.connections or self.server_state.tasks:
                    await asyncio.sleep(_LOOK)
                for server in self.servers:
                    await server.wait_closed()
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
