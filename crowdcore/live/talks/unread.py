"""What people have said and the blueprint has not received yet: in order, and of each seat so much at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.plugins.live_assignment import Message

MOST, MOST_CHARACTERS = 200, 1024 * 1024
"""Messages of one seat that may wait to be received, and their length as JSON together."""


class Full(Exception):
    """So much of a seat waits to be received that nothing more is taken from it just now."""


class Unread:
    """Messages by their place in the journal. Counted is what came in this process; a restart reads the rest again."""

    def __init__(self) -> None:
        self._messages: dict[int, Message] = {}
        self._sizes: dict[int, int] = {}
        self._waiting: dict[int, tuple[int, int]] = {}  # seat -> messages, characters

    def add(self, n: int, message: Message, size: int = 0) -> None:
        """One more, or one that was taken and not received after all; `size` characters count against its seat, 0:
        it does not count."""
        is_last = not self._messages or n > next(reversed(self._messages))
        self._messages[n] = message
        if not is_last:
            self._messages = dict(sorted(self._messages.items()))
        if size:
            self._sizes[n] = size
            self._count(message.seat, 1, size)

    def first(self, seat: int | None) -> tuple[int, Message] | None:
        """Take out the oldest one of a seat, or of all."""
        for n, message in self._messages.items():
            if seat is None or message.seat == seat:
                self.remove(n)
                return n, message
        return None

    def get(self, n: int) -> Message | None:
        """The one at this place, if it is there."""
        return self._messages.get(n)

    def remove(self, n: int) -> None:
        """It has been received."""
        message, size = self._messages.pop(n), self._sizes.pop(n, 0)
        if size:
            self._count(message.seat, -1, -size)

    def any_of(self, seat: int) -> bool:
        """Whether something of this seat is there."""
        return any(message.seat == seat for message in self._messages.values())

    def check_room(self, seat: int, size: int) -> None:
        """Full if there is no room for so many characters more."""
        messages, characters = self._waiting.get(seat, (0, 0))
        if messages >= MOST or (messages and characters + size > MOST_CHARACTERS):
            raise Full

    def _count(self, seat: int, messages: int, characters: int) -> None:
        before = self._waiting.get(seat, (0, 0))
        self._waiting[seat] = before[0] + messages, before[1] + characters
