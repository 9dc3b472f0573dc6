"""Live connections without a WebSocket, for pages behind a proxy that refuses it: a page asks again and again.

`POST …/poll` opens a connection, or goes on with one, and waits for frames; `POST …/frames` says something on it. To
the live part it is a socket like any other: it is open while somebody asks, and closed soon after nobody does.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crowdcore.errors import RequestError
from crowdcore.server.http.problems import invalid
from crowdcore.server.http.reply import JSON, NO_STORE, Reply, json_reply
from crowdcore.state import canonical

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.server.context import LiveHandler, ServerContext
    from crowdcore.server.http.reply import Receive

LONGEST = 10.0
"""Seconds that a poll waits for a frame, at most."""
ABSENT = 8.0
"""Seconds without a poll after which a connection counts as closed."""
HUNG_UP = 1.0
"""The same once a poll was broken off."""
ANSWER_SECONDS = 3.0
"""Seconds in which a page that is asked whether it is there has to poll again."""
MOST_WAITING = 200
"""Frames that wait to be fetched; whoever writes more waits."""
MOST_FRAMES, MOST_UNREAD = 60, 300
"""Frames of one call, and of all that were not acted on yet."""
GATHER = 0.02
"""Seconds in which more frames may join the first one."""
_LOOK = 0.25
_LONGEST_NAME = 64

log = logging.getLogger("crowdcore.live")


class PolledSocket:
    """One connection, as `crowdcore.work.context.Socket` has it. Frames out are numbered from `first`."""

    def __init__(self, clock: Clock, first: int) -> None:
        self._clock = clock
        self._in: asyncio.Queue[str | None] = asyncio.Queue()
        self._out: deque[str] = deque()
        self._first = first
        self._closed: tuple[int, str] | None = None
        self._is_lost = False
        self._polls = 0  # a later poll takes the place of an earlier one
        self._waiting: asyncio.Future[None] | None = None
        self._room = asyncio.Event()
        self._came = asyncio.Event()
        self._until = 0.0
        self._stays()

    # For the live part

    async def receive(self) -> str | bytes | None:
        """The next frame; None when the connection is closed."""
        return None if self._is_lost else await self._in.get()

    async def send(self, text: str) -> None:
        """Keep a frame until it is fetched; wait while too many do."""
        while len(self._out) >= MOST_WAITING and not self.is_over:
            self._room.clear()
            await self._room.wait()
        if not self.is_over:
            self._out.append(text)
            self._wake()

    async def answers(self) -> bool:
        """Whether the page asks again, once it was answered."""
        if self.is_over:
            return False
        self._came.clear()
        self._wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._came.wait()
                return not self.is_over
        self.lose()
        return False

    async def close(self, code: int, reason: str = "") -> None:
        """Close it: the page learns the code with its last frames."""
        if not self.is_over:
            self._closed = code, reason
            self._stays()
            self._end()

    # For the page

    @property
    def is_over(self) -> bool:
        """Whether nothing goes in or out any more."""
        return self._is_lost or self._closed is not None

    @property
    def is_absent(self) -> bool:
        """Whether nobody has asked for too long."""
        return self._waiting is None and self._clock.ticks() >= self._until

    def say(self, texts: Sequence[str]) -> None:
        """The page says something; RequestError 429 if what it said before is not yet acted on."""
        if self._in.qsize() + len(texts) > MOST_UNREAD:
            raise RequestError(429, "too_fast", "Too many messages at once. Wait a moment.", retry_after=1.0)
        for text in texts:
            self._in.put_nowait(text)
        self._stays()

    async def poll(self, got: int, wait: float, receive: Receive) -> Reply:
        """What the page has not got yet; it waits for the first frame, and for one that is broken off no longer."""
        self._polls += 1
        mine = self._polls
        self._wake()
        self._came.set()
        while self._out and self._first < got:
            self._out.popleft()
            self._first += 1
        self._room.set()
        if not self._out and not self.is_over and wait > 0:
            hung_up = await self._wait(wait, receive)
            if mine != self._polls:
                return _reply([], got, None)
            self._stays(HUNG_UP if hung_up else ABSENT)
        else:
            self._stays()
        return _reply(self._out, self._first + len(self._out), self._closed)

    async def _wait(self, seconds: float, receive: Receive) -> bool:
        """Until there is something to say; whether the page hung up."""
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        leaving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait([waiting, leaving], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done() and not self.is_over:
                await asyncio.sleep(GATHER)
            return leaving.done() and not waiting.done()
        finally:
            leaving.cancel()
            if self._waiting is waiting:
                self._waiting = None

    def lose(self) -> None:
        """Nobody asks any more."""
        if not self.is_over:
            self._is_lost = True
            self._end()

    def _end(self) -> None:
        self._in.put_nowait(None)
        self._room.set()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _stays(self, seconds: float = ABSENT) -> None:
        self._until = self._clock.ticks() + seconds


class Polls:
    """The polled connections of a run, by agent and the name that its page gave them."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._sockets: dict[int, dict[str, PolledSocket]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused: set[int] = set()

    async def poll(self, agent_id: int, body: dict[str, Any], receive: Receive) -> Reply:
        """One poll; it opens the connection that it names, if there is none."""
        live = self._context.live
        if live is None:
            raise RequestError(404, "no_live", "This work has no live part.")
        name, got, after = _name(body), _count(body, "got"), _count(body, "after")
        wait = body.get("wait", LONGEST)
        if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait <= LONGEST:
            raise invalid(f'"wait" must be a number of seconds from 0 to {LONGEST:g}.')
        socket = self._sockets.get(agent_id, {}).get(name)
        if socket is None:
            socket = self._open(live, agent_id, name, got, after)
        return await socket.poll(got, wait, receive)

    def say(self, agent_id: int, body: dict[str, Any]) -> Reply:
        """Frames of the page; RequestError 409 if the connection is not open."""
        name, said = _name(body), body.get("frames")
        if not isinstance(said, list) or not 1 <= len(said) <= MOST_FRAMES:
            raise invalid(f'"frames" must be a list of 1 to {MOST_FRAMES} frames.')
        socket = self._sockets.get(agent_id, {}).get(name)
        if socket is None or socket.is_over:
            raise RequestError(409, "not_connected", "This connection is not open: poll first.")
        socket.say([canonical(frame) for frame in said])
        return json_reply(200, {"taken": len(said)})

    def _open(self, live: LiveHandler, agent_id: int, name: str, first: int, after: int) -> PolledSocket:
        mine = self._sockets.setdefault(agent_id, {})
        if len(mine) >= (self._context.limits.sockets or len(mine) + 1):
            raise RequestError(429, "too_fast", "This work is open in too many tabs. Close one and reload.")
        socket = mine[name] = PolledSocket(self._context.clock, first)
        self._note(agent_id)
        task = asyncio.get_running_loop().create_task(self._serve(live, agent_id, name, after, socket))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return socket

    async def _serve(self, live: LiveHandler, agent_id: int, name: str, after: int, socket: PolledSocket) -> None:
        looking = asyncio.get_running_loop().create_task(self._look(agent_id, name, socket))
        self._tasks.add(looking)
        looking.add_done_callback(self._tasks.discard)
        try:
            await live(agent_id, after, socket)
        except Exception:
            log.exception("%s: a live connection", self._context.run_name)
        finally:
            await socket.close(1011, "failed")  # unless it is closed already

    async def _look(self, agent_id: int, name: str, socket: PolledSocket) -> None:
        """Until nobody asks any more: what was closed is kept for its page until then."""
        while not socket.is_absent:
            await asyncio.sleep(_LOOK)
        socket.lose()
        mine = self._sockets.get(agent_id, {})
        mine.pop(name, None)
        if not mine:
            self._sockets.pop(agent_id, None)

    def _note(self, agent_id: int) -> None:
        """Tell the operator: with the first one, and whenever they are ten times as many."""
        self._refused.add(agent_id)
        count = len(self._refused)
        if str(count) == "1" + "0" * (len(str(count)) - 1):
            whose = "1 person's sockets are" if count == 1 else f"{count} people's sockets are"
            log.warning(
                "%s: %s refused: something between them and this server lets no WebSocket through (the header Upgrade"
                " of a proxy?). Their pages ask over HTTP instead, which takes more requests.",
                self._context.run_name, whose,
            )  # fmt: skip


def _reply(frames: Sequence[str] | deque[str], upto: int, closed: tuple[int, str] | None) -> Reply:
    end = "null" if closed is None else canonical({"code": closed[0], "reason": closed[1]})
    text = f'{{"frames":[{",".join(frames)}],"next":{upto},"closed":{end}}}'
    return Reply(200, text.encode(), JSON, NO_STORE)


def _name(body: dict[str, Any]) -> str:
    name = body.get("connection")
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        raise invalid(f'"connection" must be a text of 1 to {_LONGEST_NAME} characters, new for each connection.')
    return name


def _count(body: dict[str, Any], member: str) -> int:
    value = body.get(member, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**15:
        raise invalid(f'"{member}" must be a number from 0.')
    return value
