"""JSON that workers send: bounded for each call, counted by its weight, and parsed where it holds up nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.base.hostile_json import count_values, parse_json
from crowdcore.base.limiter import Busy, Limiter, Overrun
from crowdcore.server.http.bodies import check_json, read_body
from crowdcore.server.http.problems import busy, invalid
from crowdcore.server.http.rates import Buckets, is_local, network
from crowdcore.server.http.reply import Receive, Scope, header

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.server.http.limits import Limits

T = TypeVar("T")

IN_PLACE = 8 * 1024
"""Bytes of JSON that are parsed on the event loop, within a fraction of a millisecond whatever they are."""
VALUE = 32
"""What one value weighs, in bytes: making it, and writing it again, takes about as long."""
BURST = 16
"""Seconds of an agent's or an address's load that may come at once."""
_THREADS = 2
_SECONDS = 60.0
_WAIT = 10.0


class Reader:
    """Reads the JSON of requests within `limits`. Large bodies are counted per agent and per address."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._agents = Buckets(limits.agent_load, clock, BURST * limits.agent_load)
        self._addresses = Buckets(limits.address_load, clock, BURST * limits.address_load)
        self._threads = Limiter("json", _THREADS, limit=_SECONDS, wait=_WAIT, per_key=1)

    def close(self) -> None:
        """Let idle threads end."""
        self._threads.close()

    async def read(
        self, scope: Scope, receive: Receive, agent_id: int | None, limit: int, then: Callable[[Any], T]
    ) -> T:
        """What `then` makes of the body's JSON, at most `limit` bytes of it: `body`, then `parse`."""
        return await self.parse(await self.body(scope, receive, agent_id, limit), scope, agent_id, then)

    async def body(self, scope: Scope, receive: Receive, agent_id: int | None, limit: int) -> bytes:
        """The body of a call with JSON, at most `limit` bytes.

        RequestError 413, 415 (not JSON by its type), or 429 while large bodies of this agent or address come too fast;
        such a one is refused before it arrives, if its length is announced.
        """
        check_json(scope)
        announced = header(scope, b"content-length")
        if announced is not None and IN_PLACE < int(announced) <= limit:
            self._check(scope, agent_id)
        body = await read_body(scope, receive, self._limits, limit)
        if announced is None and len(body) > IN_PLACE:
            self._check(scope, agent_id)
        return body

    async def parse(self, body: bytes, scope: Scope, agent_id: int | None, then: Callable[[Any], T]) -> T:
        """What `then` makes of the JSON in `body`, which is counted; RequestError 413 or 422 `invalid`."""
        most = self._limits.values
        if len(body) <= IN_PLACE:
            return then(parse_json(body, most))
        found = self._buckets(scope, agent_id)
        for buckets, key in found:
            buckets.charge(key, len(body))
        values = 0

        def work() -> T:
            nonlocal values
            values = count_values(body, most)
            return then(parse_json(body, most))

        try:
            return await self._threads.run(work, found[0][1] if found else None)
        except (Busy, Overrun):
            raise busy() from None
        finally:
            for buckets, key in found:
                buckets.charge(key, VALUE * values)

    def _check(self, scope: Scope, agent_id: int | None) -> None:
        """RequestError 429 if large bodies come too fast from there."""
        for buckets, key in self._buckets(scope, agent_id):
            buckets.check(key)

    def _buckets(self, scope: Scope, agent_id: int | None) -> list[tuple[Buckets, object]]:
        found: list[tuple[Buckets, object]] = [] if agent_id is None else [(self._agents, agent_id)]
        client = scope.get("client")
        if client and not is_local(client[0]):
            found.append((self._addresses, network(client[0])))
        return found


def json_object(value: Any) -> dict[str, Any]:
    """`value`, which must be a JSON object; everything else is `invalid`."""
    if not isinstance(value, dict):
        raise invalid("The body must be a JSON object.")
    return value
