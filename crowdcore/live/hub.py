"""Connections: who is there, and what goes out to them, each at its own reader's pace.

Frames of an inbox go out once they are stored, in order of their seq; a connection that comes back gets what it
missed from there. A reader that does not keep up is closed (4408) and comes back; nobody waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from crowdcore.live import frames
from crowdcore.live.frames import BadFrame, Frame, Pace
from crowdcore.store.queries import journal

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.store import Database
    from crowdcore.work.context import Socket

MOST_FRAMES, MOST_CHARACTERS = 1000, 1024 * 1024
"""What may wait to be sent to one connection."""
REPLAYS = 32
"""Conversations that are played again at a time: each has 5 s for a step, hundreds at once would be too slow."""
MOST_PACES = 1000
"""Paces that are kept before it is looked which of them say nothing any more."""
_TAKEN_OVER = "This work was opened in another tab or window and goes on there."
TOO_SLOW, TAKEN_OVER, TOO_FAST, OVER = 4408, 4409, 4429, 1000
_PAGE = 200

log = logging.getLogger("crowdcore.live")


class Connection:
    """One open socket of an agent; made by `Hub.attach`."""

    def __init__(self, agent_id: int, socket: Socket, pace: Pace) -> None:
        self.agent_id = agent_id
        self.seen = 0
        """The seq of the last frame of the inbox that was put on its way."""
        self.replaying = True
        """Whether the inbox is still read: what is delivered meanwhile is read there too."""
        self.newest = 0
        """The last seq that was delivered meanwhile."""
        self._socket = socket
        self._pace = pace
        self._queue: list[str] = []  # these few are what thousands of idle people cost
        self._frames = self._characters = 0  # not sent yet
        self._close: tuple[int, str] | None = None
        self._wake: asyncio.Future[None] | None = None
        self._sent: asyncio.Future[None] | None = None
        self._writer = asyncio.create_task(self._write())

    async def receive(self) -> Frame | None:
        """The next frame that may be acted on, None once the socket is closed. Bad ones are answered here."""
        while (raw := await self._socket.receive()) is not None:
            try:
                frame = frames.read(raw)
                if self._pace.take():
                    if frame.type != "ping":
                        return frame
                    self.send(frames.PONG)
                    continue
                raise BadFrame("too_fast", "Too many messages at once. Wait a moment.", frame.id or None)
            except BadFrame as error:
                if error.code != "too_fast":
                    self._pace.take()
                self.send(frames.text(frames.error(error.code, str(error), error.id)))
                if self._pace.over > frames.PATIENCE:
                    self.close(TOO_FAST, "too_fast")
        return None

    def send(self, text: str) -> None:
        """Send a frame (JSON) as soon as the reader takes it."""
        if self._close is not None:
            return
        if self._frames and (self._frames >= MOST_FRAMES or self._characters + len(text) > MOST_CHARACTERS):
            self._queue.clear()
            self.close(TOO_SLOW, "too_slow")
            return
        self._queue.append(text)
        self._frames += 1
        self._characters += len(text)
        self._stir()

    def close(self, code: int = OVER, reason: str = "") -> None:
        """Close the socket once what waits has been sent."""
        if self._close is None:
            self._close = (code, reason)
            if code == TOO_SLOW:  # it may never take what is under way
                self._writer.cancel()
                self._writer = asyncio.create_task(self._socket.close(code, reason))
            self._stir()

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits to be sent that more of the same would be too much."""
        return self._frames >= MOST_FRAMES // 2 or self._characters >= MOST_CHARACTERS // 4

    async def flushed(self) -> None:
        """Wait until nothing waits to be sent."""
        while self._frames and not self._writer.done():
            self._sent = asyncio.get_running_loop().create_future()
            await self._sent

    async def answers(self) -> bool:
        """Whether somebody is still there."""
        return await self._socket.answers()

    def take_over(self) -> None:
        """The agent has another connection, which gets what this one has not been sent yet."""
        self._drop()
        self.send(frames.text(frames.error("taken_over", _TAKEN_OVER)))
        self.close(TAKEN_OVER, "taken_over")

    def _drop(self) -> None:
        """Send nothing of what waits, but for the frame that is under way."""
        self._frames -= len(self._queue)
        self._characters -= sum(map(len, self._queue))
        self._queue.clear()

    def cut(self) -> None:
        """The socket is gone: send nothing more."""
        self._close = self._close or (OVER, "")
        self._queue.clear()
        self._writer.cancel()
        self._all_sent()

    async def _write(self) -> None:
        try:
            while True:
                while self._queue:
                    text = self._queue.pop(0)
                    await self._socket.send(text)
                    self._frames -= 1
                    self._characters -= len(text)
                self._all_sent()
                if self._close is not None:
                    await self._socket.close(*self._close)
                    return
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
        finally:
            self._all_sent()

    def _all_sent(self) -> None:
        if self._sent is not None and not self._sent.done():
            self._sent.set_result(None)

    def _stir(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class Hub:
    """The connections of a run, at most one for each agent."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._connections: dict[int, Connection] = {}
        self._paces: dict[int, Pace] = {}
        self._sweep_at = MOST_PACES
        self.replays = asyncio.Semaphore(REPLAYS)
        """To be held while a conversation is played again."""
        self._lingering: set[asyncio.Task[Any]] = set()
        self.freed: Callable[[], None] | None = None
        """Called when one that lingered has ended."""

    @property
    def lingering(self) -> int:
        """How many conversations are over whose blueprints do not end: they still take their places."""
        return len(self._lingering)

    def linger(self, task: asyncio.Task[Any]) -> None:
        """Count a blueprint that was left alone, until it ends after all."""
        self._lingering.add(task)
        task.add_done_callback(self._lingered)

    def _lingered(self, task: asyncio.Task[Any]) -> None:
        self._lingering.discard(task)
        if not task.cancelled():
            task.exception()  # nobody asks any more
        if self.freed is not None:
            self.freed()

    def attach(self, agent_id: int, socket: Socket) -> Connection:
        """A new connection of an agent; an older one is told that it was taken over, and closed (4409)."""
        older = self._connections.get(agent_id)
        connection = self._connections[agent_id] = Connection(agent_id, socket, self._pace(agent_id))
        if older is not None:
            older.take_over()
        return connection

    def _pace(self, agent_id: int) -> Pace:
        """The agent's pace, which a new connection does not make a new one; forgotten once it is as good as new."""
        if len(self._paces) >= self._sweep_at:
            self._paces = {
                agent: pace for agent, pace in self._paces.items() if agent in self._connections or not pace.is_fresh
            }
            self._sweep_at = 2 * len(self._paces) + MOST_PACES
        return self._paces.setdefault(agent_id, Pace(self._clock))

    def detach(self, connection: Connection) -> bool:
        """The socket is closed; False if the connection had been taken over, so that the agent is still there."""
        connection.cut()
        if self._connections.get(connection.agent_id) is not connection:
            return False
        del self._connections[connection.agent_id]
        return True

    def present(self, agent_id: int) -> bool:
        """Whether the agent has an open socket."""
        return agent_id in self._connections

    async def missing(self, agents: Iterable[int]) -> list[int]:
        """Those of `agents` who are connected, as it seems, but do not answer any more."""
        asked = [self._connections[agent_id] for agent_id in agents if agent_id in self._connections]
        answers = await asyncio.gather(*(connection.answers() for connection in asked))
        return [connection.agent_id for connection, here in zip(asked, answers, strict=True) if not here]

    def tell(self, agent_id: int, frame: dict[str, Any]) -> None:
        """Send a frame that is not stored; nobody gets it if the agent is not there."""
        connection = self._connections.get(agent_id)
        if connection is not None:
            connection.send(frames.text(frame))

    def close(self, agent_id: int, code: int = OVER, reason: str = "") -> None:
        """Close the agent's connection, if there is one, after what was sent to it."""
        connection = self._connections.get(agent_id)
        if connection is not None:
            connection.close(code, reason)

    def close_all(self, code: int, reason: str) -> None:
        """Close every connection, after what was sent to it."""
        for connection in self._connections.values():
            connection.close(code, reason)

    async def replay(self, connection: Connection, after: int) -> None:
        """Send what lies in the agent's inbox after seq `after`; from then on frames go out as they are delivered."""
        connection.seen = min(after, await self._db.aread(lambda c: journal.last_seq(c, connection.agent_id)))
        while True:
            page = await self._db.aread(lambda c: journal.inbox(c, connection.agent_id, connection.seen, _PAGE))
            for seq, text in page:
                connection.send(text)
                connection.seen = seq
                if connection.is_crowded:
                    await connection.flushed()
            if len(page) < _PAGE and connection.newest <= connection.seen:
                connection.replaying = False
                return

    def deliver(self, agent_id: int, seq: int, text: str) -> None:
        """Send a frame of the agent's inbox; call it after the commit, in order of seq."""
        connection = self._connections.get(agent_id)
        if connection is None:
            return
        if connection.replaying:
            connection.newest = seq
        elif seq > connection.seen:
            connection.seen = seq
            connection.send(text)
