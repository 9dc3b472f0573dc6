"""Bots: programs that take an empty seat beside people.

A bot is a class with `Options` (a documented dataclass) and one method, `act`. It is told everything that
was said so far and keeps nothing else, so that it goes on after a restart where it stood.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crowdcore.errors import ConfigError
from crowdcore.options import option


@dataclass(frozen=True)
class Act:
    """One thing said: by whom (the seat's display name), and what (JSON; of a chat `{"text": …}`)."""

    sender: str
    data: Any


class Bot(Protocol):
    """What a bot looks like; `options` is set after it is made."""

    options: Any

    def act(self, item: Any, conversation: Sequence[Act], me: str) -> Any | None:
        """The next thing (JSON) that the bot, named `me`, says; None to say nothing.

        `item` is the assignment's item (JSON), `conversation` everything said so far, oldest first.
        Runs on a worker thread; an exception hands the seat to the next stand-in.
        """
        ...


def said_by(me: str, conversation: Sequence[Act]) -> int:
    """How often `me` has spoken."""
    return sum(1 for act in conversation if act.sender == me)


class EchoBot:
    """Says again what the others said last, and nothing before they did."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Options of the bot `echo`."""

        prefix: str = option("", help="Text put in front of what is said again")

    options: Options = Options()

    def act(self, item: Any, conversation: Sequence[Act], me: str) -> Any | None:
        """The last act, unless it is the bot's own."""
        if not conversation or conversation[-1].sender == me:
            return None
        data = conversation[-1].data
        if isinstance(data, dict) and isinstance(data.get("text"), str):
            return {**data, "text": self.options.prefix + data["text"]}
        return data


class ScriptedBot:
    """Says the lines of a file, one each time it is its turn."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Options of the bot `scripted`."""

        file: Path = option(help="Text file with one line to say per line, or a JSON object a line", path=True)
        repeat: bool = option(False, help="Start over after the last line; else the bot falls silent")

    options: Options

    def __init__(self) -> None:
        self._lines: list[Any] | None = None

    def act(self, item: Any, conversation: Sequence[Act], me: str) -> Any | None:
        """The line after those it has said already; ConfigError if the file cannot be read."""
        if self._lines is None:
            self._lines = script(self.options.file)
        at = said_by(me, conversation)
        if self.options.repeat and self._lines:
            at %= len(self._lines)
        return self._lines[at] if at < len(self._lines) else None


def script(path: Path) -> list[Any]:
    """The acts of a script file: `{"text": line}`, or the JSON object that a line holds; blank lines skipped."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    acts: list[Any] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("{"):
            try:
                acts.append(json.loads(line))
            except ValueError as error:
                raise ConfigError(f"{path.name}:{number}: starts like a JSON object, but is none: {error}") from None
        elif line.strip():
            acts.append({"text": line.strip()})
    return acts
