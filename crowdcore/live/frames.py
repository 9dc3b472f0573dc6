"""What a page may send: one frame read, or the error that it is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crowdcore.base.hostile_json import parse_json
from crowdcore.errors import RequestError

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock

MOST_BYTES = 64 * 1024
"""Of one frame."""
MOST_VALUES = 5000
"""Of one frame: it is parsed where everybody waits."""
RATE, BURST = 20.0, 60.0
"""Frames of one agent, over all its connections: a second, and at once."""
PATIENCE = 600
"""So many more frames over the rate than within it, and the connection is closed."""
_LONGEST_ID = 64
_TYPES = ("message", "typing", "finish", "ping")
PONG = '{"type":"pong"}'

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame that may be acted on; `id` and `data` (JSON) are a message's."""

    type: Literal["message", "typing", "finish", "ping"]
    id: str = ""
    data: Any = None


class BadFrame(Exception):
    """A frame that is not acted on; its sender gets an `error` frame."""

    def __init__(self, code: str, detail: str, id: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.id = id


def read(raw: str | bytes) -> Frame:
    """The frame that came in; BadFrame with code too_large or invalid."""
    if isinstance(raw, bytes):
        raise BadFrame("invalid", "Frames are text.")
    encoded = raw.encode("utf-8", "surrogatepass")
    if len(encoded) > MOST_BYTES:
        raise BadFrame("too_large", f"A frame may have {MOST_BYTES // 1024} kB.")
    try:
        value = parse_json(encoded, MOST_VALUES)
    except RequestError as error:
        raise BadFrame(
            "too_large" if error.status == 413 else "invalid", error.detail.replace("The body", "The frame")
        ) from None
    if not isinstance(value, dict) or value.get("type") not in _TYPES:
        raise BadFrame("invalid", f'A frame is an object with "type": {", ".join(_TYPES)}.')
    if value["type"] != "message":
        return Frame(value["type"])
    id = value.get("id")
    if not isinstance(id, str) or not 1 <= len(id) <= _LONGEST_ID:
        raise BadFrame("invalid", f'"id" must be a text of 1 to {_LONGEST_ID} characters, new for each message.')
    if "data" not in value:
        raise BadFrame("invalid", 'The message has no member "data".', id)
    return Frame("message", id, value["data"])


def error(code: str, detail: str, id: str | None = None) -> dict[str, Any]:
    """An `error` frame, about the message `id` if there is one."""
    frame: dict[str, Any] = {"type": "error", "code": code, "detail": detail}
    return frame if id is None else {**frame, "id": id}


def text(frame: dict[str, Any]) -> str:
    """A frame as it is sent."""
    return _encode(frame)


class Pace:
    """How fast one agent sends, over all the connections that it opens."""

    __slots__ = ("_at", "_clock", "_left", "over")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = BURST
        self._at = clock.ticks()
        self.over = 0
        """How many more frames were over the rate than within it."""

    def take(self) -> bool:
        """Count a frame; whether it is within the rate."""
        self._refill()
        if self._left < 1:
            self.over += 1
            return False
        self._left -= 1
        self.over = max(0, self.over - 1)
        return True

    @property
    def is_fresh(self) -> bool:
        """Whether it is as good as new: nothing of it need be kept."""
        self._refill()
        return self.over == 0 and self._left >= BURST

    def _refill(self) -> None:
        now = self._clock.ticks()
        gained = max(0.0, now - self._at) * RATE
        self._left = min(BURST, self._left + gained)
        self.over = max(0, self.over - int(gained))  # who rested may come back
        self._at = now
