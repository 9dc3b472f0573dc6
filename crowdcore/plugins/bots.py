"""Bots: programs that take an empty seat beside people.

A bot is a class with `Options` (a documented dataclass) and one method, `act`. It is told everything that
was said so far and keeps nothing else, so that it goes on after a restart where it stood. `crowdcore.plugins.stand_ins`
asks the bots of a run, one after the other as they fail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crowdcore.errors import ConfigError, CrowdError
from crowdcore.plugins.options import option


@dataclass(frozen=True)
class Act:
    """One thing said: by whom (the seat's display name), and what (JSON; of a chat `{"text": …}`)."""

    sender: str
    data: Any


class Bot(Protocol):
    """What a bot looks like; `options` is set after it is made, once per run.

    It may also have

    - `setup(run)`: called before anything is launched, and on a resume, with its own `crowdcore.facade.Run`
      (`run.records(kind)` keeps numbers over a restart); a ConfigError stops the launch with its lines;
    - `about()`: {"name", "model", "version", "instructions"}, whichever it can say (text or None), stored with
      everything it says; `instructions` is the `fingerprint` of its prompt or script;
    - `seconds`: how long `act` may take (60 without);
    - `close()`: the run is over, or this process of it.
    """

    options: Any

    def act(self, item: Any, conversation: Sequence[Act], me: str) -> Any | None:
        """The next thing (JSON) that the bot, named `me`, says; None to say nothing.

        `item` is the assignment's item (JSON), `conversation` everything said so far, oldest first.
        Runs on worker threads, for many conversations at once; an exception hands the seat to the next stand-in.
        """
        ...


class BotFailed(CrowdError):
    """What a bot raises to say in plain words why it has no answer; the next stand-in takes over.

    Any other exception does the same, and is shown with its type and line.
    """

    exit_code = 1


def said_by(me: str, conversation: Sequence[Act]) -> int:
    """How often `me` has spoken."""
    return sum(1 for act in conversation if act.sender == me)


def fingerprint(text: str) -> str:
    """16 hexadecimal digits that name a prompt or script: of the SHA-256 of its UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


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

    def setup(self, run: Any) -> None:
        """Read the file before anybody comes; ConfigError if it cannot be read."""
        self._lines = script(self.options.file)

    def about(self) -> dict[str, str | None]:
        """The fingerprint of its lines."""
        lines = script(self.options.file) if self._lines is None else self._lines
        return {"instructions": fingerprint(json.dumps(lines, sort_keys=True))}

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
