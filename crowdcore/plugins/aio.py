"""`run.aio`: the calls of `run` that block, for coroutines (see `may_block`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from crowdcore.plugins.records import Records, Shared
    from crowdcore.state import Json

T = TypeVar("T")


class AioShared:
    """`run.shared` for coroutines."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def get(self, key: str, default: Json = None) -> Json:
        """The value of `key`, or `default`."""
        return await asyncio.to_thread(self._shared.get, key, default)

    async def all(self) -> dict[str, Json]:
        """A copy of everything."""
        return await asyncio.to_thread(self._shared.all)

    async def set(self, key: str, value: Json) -> None:
        """Store `value` (JSON; ValueError or TypeError otherwise) under `key`."""
        await asyncio.to_thread(self._shared.set, key, value)

    async def update(self, change: Callable[[dict[str, Json]], T]) -> T:
        """Let `change`, a plain function, alter the whole object in place, alone in a transaction."""
        return await asyncio.to_thread(self._shared.update, change)


class AioRecords:
    """`run.records(kind)` for coroutines."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def get(self, key: str, default: Json = None) -> Json:
        """The value of `key`, or `default`."""
        return await asyncio.to_thread(self._records.get, key, default)

    async def put(self, key: str, value: Json) -> None:
        """Store `value` under `key`, over what was there."""
        await asyncio.to_thread(self._records.put, key, value)

    async def add(self, key: str, value: Json) -> bool:
        """Store `value` under a new `key`; False, and nothing is changed, if the key exists."""
        return await asyncio.to_thread(self._records.add, key, value)

    async def delete(self, key: str) -> bool:
        """Remove `key`; whether it was there."""
        return await asyncio.to_thread(self._records.delete, key)

    async def keys(self) -> list[str]:
        """Every key, in order of insertion."""
        return await asyncio.to_thread(self._records.keys)

    async def items(self) -> list[tuple[str, Json]]:
        """Every key and value, in order of insertion."""
        return await asyncio.to_thread(lambda: list(self._records.items()))


class Aio:
    """What of `run` blocks, for coroutines: the same names and arguments, to be awaited."""

    def __init__(
        self, shared: Shared, records: Callable[[str], Records], serve: Callable[..., int],
        visit_returned: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._records, self._serve, self._visit_returned = records, serve, visit_returned
        self.shared = AioShared(shared)
        """JSON shared by all hooks of the run."""

    def records(self, kind: str) -> AioRecords:
        """This plugin's own rows of one kind; no other plugin sees them."""
        return AioRecords(self._records(kind))

    async def serve(
        self, app: Any, *, host: str = "127.0.0.1", port: int = 0,
        ssl_certfile: Path | None = None, ssl_keyfile: Path | None = None, trusted_proxies: Sequence[str] = (),
    ) -> int:  # fmt: skip
        """Serve an ASGI application in this process; the port it got."""
        return await asyncio.to_thread(
            self._serve, app, host=host, port=port, ssl_certfile=ssl_certfile, ssl_keyfile=ssl_keyfile,
            trusted_proxies=trusted_proxies,
        )  # fmt: skip

    async def visit_returned(self, external_id: str) -> bool:
        """The platform says that the visit `external_id` was given back; whether anything ended."""
        return await asyncio.to_thread(self._visit_returned, external_id)
