"""A ParlAI chat service over its WebSocket: frames {"text": …} both ways, one answer to each.

What a service's model remembers belongs to the connection. So each conversation has its own, found again by all that
was heard and said on it; when it broke, or this process is a new one, another connection hears everything again.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException
from websockets.sync.client import connect

from blueprint_parlai_chat.bot_turns import Turn, as_one
from crowdcore.bots import BotFailed

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

IDLE = 900.0
"""Seconds after which a connection that nobody asked is closed."""
_MOST_IDLE = 500
_MOST_UNASKED = 100
_LOADING = "Please wait while the worlds are initializing"
_WAITING = ("Please wait while we pair you", "Pairing is taking longer than expected")
_OVER = ("Sorry, this world closed", "Sorry, the world closed", "System: The conversation bot going to go offline")
_COMMANDS = ("[DONE]", "[RESET]")
History = tuple[Turn, ...]


class Settings(Protocol):
    """The options that are needed here."""

    @property
    def url(self) -> str:
        """ws://HOST:PORT, or with a path."""

    @property
    def opening(self) -> list[str]:
        """Lines said before a conversation."""

    @property
    def resend(self) -> str:
        """turns or together."""

    @property
    def connect_timeout(self) -> float:
        """Seconds."""

    @property
    def reply_timeout(self) -> float:
        """Seconds."""


class Broken(Exception):
    """The connection is of no use any more; the text says why."""


class ChatService:
    """The service behind one address. Safe for many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: list[tuple[float, History, Connection]] = []

    def answer(self, turns: Sequence[Turn]) -> dict[str, Any]:
        """What the model says to the last turn; BotFailed if it cannot be reached, is slow or talks nonsense."""
        settings = self._settings
        deadline = time.monotonic() + settings.connect_timeout + 2 * settings.reply_timeout
        connection = self._take(tuple(turns[:-1]))
        if connection is not None:
            with contextlib.suppress(Broken):  # a new one hears everything again
                return self._ask(connection, turns, turns[-1].heard, deadline)
        try:
            connection = Connection(settings)
            if settings.resend == "together":
                return self._ask(connection, turns, as_one(turns), deadline)
            with _closed_on_error(connection):
                for turn in turns[:-1]:
                    if turn.heard:
                        connection.exchange(turn.heard, deadline)
            return self._ask(connection, turns, turns[-1].heard, deadline)
        except Broken as error:
            raise BotFailed(f"the chat service {error}") from None

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, _, connection in idle:
            connection.close()

    def _ask(self, connection: Connection, turns: Sequence[Turn], text: str, deadline: float) -> dict[str, Any]:
        """One answer; the connection is kept under what it knows then."""
        with _closed_on_error(connection):
            answer = connection.exchange(text, deadline)
        self._keep((*turns[:-1], Turn(turns[-1].heard, answer["text"])), connection)
        return answer

    def _take(self, history: History) -> Connection | None:
        """A connection on which exactly this was heard and said; any of several, for they know the same."""
        with self._lock:
            for at, (_, known, connection) in enumerate(self._idle):
                if known == history and history:
                    del self._idle[at]
                    return connection
        return None

    def _keep(self, history: History, connection: Connection) -> None:
        now = time.monotonic()
        with self._lock:
            self._idle.append((now, history, connection))
            first = max(len(self._idle) - _MOST_IDLE, 0)
            while self._idle[first][0] < now - IDLE:
                first += 1
            old, self._idle = self._idle[:first], self._idle[first:]
        for _, _, other in old:
            other.close()


class Connection:
    """One open connection past its opening; Broken if there is none in time."""

    def __init__(self, settings: Settings) -> None:
        self._reply_timeout = settings.reply_timeout
        deadline = time.monotonic() + settings.connect_timeout
        url = settings.url if urlsplit(settings.url).path.strip("/") else f"{settings.url.rstrip('/')}/websocket"
        self._open = contextlib.ExitStack()
        try:
            # A model that computes may keep its server from answering pings for long.
            opening = connect(url, open_timeout=settings.connect_timeout, ping_interval=None, close_timeout=1.0)
            self._socket: ClientConnection = self._open.enter_context(opening)
        except TimeoutError:
            raise Broken(f"did not accept a connection within {settings.connect_timeout:g} s") from None
        except (OSError, InvalidHandshake, WebSocketException) as error:
            raise Broken(f"cannot be reached: {' '.join(str(error).split())}") from None
        with _closed_on_error(self):
            for line in settings.opening:
                while self._said(line, deadline)["text"].startswith(_LOADING):
                    time.sleep(min(0.2, max(deadline - time.monotonic(), 0.0)))
            self._drain()

    def exchange(self, text: str, deadline: float) -> dict[str, Any]:
        """Say `text`, and what is answered: {"text"} and {"quick_replies"} if there are some; Broken or BotFailed."""
        for command in _COMMANDS:  # a partner's words must not end or empty the model's conversation
            text = text.replace(command, command.strip("[]"))
        self._drain()
        answer = self._said(text, min(deadline, time.monotonic() + self._reply_timeout))
        if answer["text"].startswith((*_OVER, _LOADING)):
            raise Broken(f"ended the conversation: {answer['text'][:100]}")
        if not answer["text"].strip():
            raise BotFailed("the chat service's answer has no text")
        return answer

    def close(self) -> None:
        """Close it; whatever the other side does."""
        with contextlib.suppress(Exception):
            self._open.close()

    def _said(self, text: str, deadline: float) -> dict[str, Any]:
        try:
            self._socket.send(json.dumps({"text": text}))
            while (left := deadline - time.monotonic()) > 0:
                answer = _message(self._socket.recv(timeout=left))
                if not answer["text"].startswith(_WAITING):
                    return answer
            raise TimeoutError
        except TimeoutError:
            raise BotFailed("the chat service did not answer in time (connect_timeout, reply_timeout)") from None
        except (ConnectionClosed, OSError) as error:
            raise Broken(f"broke off: {' '.join(str(error).split())}") from None

    def _drain(self) -> None:
        """Forget what it said unasked: greetings and notices."""
        try:
            for _ in range(_MOST_UNASKED):
                self._socket.recv(timeout=0)
        except TimeoutError:
            return
        except (ConnectionClosed, OSError) as error:
            raise Broken(f"broke off: {' '.join(str(error).split())}") from None
        raise Broken("does not stop talking")


def _message(frame: str | bytes) -> dict[str, Any]:
    """A frame of a chat service; line breaks come as HTML."""
    try:
        found = json.loads(frame)
        text, replies = found["text"], found.get("quick_replies")
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        found, text, replies = None, None, None
    if not isinstance(text, str):
        raise BotFailed('the chat service answered what is not {"text": …}')
    message: dict[str, Any] = {"text": text.replace("<br />", "\n")}
    if isinstance(replies, list) and replies and all(isinstance(reply, str) for reply in replies):
        message["quick_replies"] = replies
    return message


@contextlib.contextmanager
def _closed_on_error(connection: Connection) -> Iterator[None]:
    """After an error nobody knows what comes next on a connection."""
    try:
        yield
    except BaseException:
        connection.close()
        raise
