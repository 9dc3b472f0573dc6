"""Why calls of `run` that block are refused in coroutines.

An `async def` route or hook runs on the event loop that serves every page. What blocks there stops all of them, and
what waits for that very loop would wait for ever.
"""

from __future__ import annotations

from crowdcore.base.loops import on_serving_loop
from crowdcore.errors import RunError
from crowdcore.plugins.markers import NotInPlace


class BlocksTheServer(RunError, NotInPlace):
    """A call that blocks was made on the event loop of a server; a nonblocking hook is called again on a thread."""


def may_block(call: str) -> None:
    """BlocksTheServer if this runs on the event loop of a server; `call` as authors write it, without `run.`."""
    if on_serving_loop():
        twin = f"await run.aio.{call}"
        raise BlocksTheServer(f"run.{call} would stop the whole server, for this is a coroutine: write {twin}")
