"""The stand-ins of one run: bots asked in the order in which `pairing.stand_in` lists them.

The next one takes over when one fails: raises, takes too long, answers what is no JSON, is over its cap. Calls run
on threads of their own, 32 for each bot, and never on those of hooks.

    stand_ins = StandIns(make_bots(plugins, services))  # once per run; makes no connection, loads no model
    await stand_ins.prepare()                           # before launch, and on resume: ConfigError if one cannot work
    at = stand_ins.index("openai")                      # the one that a pairing_timeout hook named; 0 is the first
    row_json = stand_ins.about(at)                      # {"name": "openai", "model": …, "version", "instructions"}
    try:
        data, now_at = await stand_ins.act(item, [Act("Person 1", {"text": "Hello"})], "Person 2", at, failed=note)
    except NoStandIn as end:                            # all of them failed: end.failures says why
        ...
    # data is None: it says nothing now. now_at > at: another one has this seat from here on, see about(now_at).

`failed` is called on the event loop with a `Failure` for each bot that failed, to write an event; a line is logged.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.base.faults import described, meant, place, without_secrets
from crowdcore.base.limiter import LIMITS, Busy, Limiters, Overrun
from crowdcore.errors import ConfigError, CrowdError
from crowdcore.plugins.bots import Act, BotFailed
from crowdcore.plugins.run import Run
from crowdcore.state import Json, canonical

if TYPE_CHECKING:
    from crowdcore.plugins import RunPlugins
    from crowdcore.plugins.run import RunServices

T = TypeVar("T")
log = logging.getLogger("crowdcore.bots")

LONGEST = 256 * 1024
"""Bytes of JSON that one act may have."""
WAIT = 60.0
"""Seconds that a bot's call waits for a free thread: people are told to wait, and a model takes its time."""
_SETUP = 600.0
_CLOSE = 5.0


@dataclass(frozen=True)
class Failure:
    """Why a bot did not answer; `reason` (one line, may quote what was said) is for logs, not for events."""

    at: int
    bot: str
    reason: str


class NoStandIn(CrowdError):
    """Every stand-in failed (or none is listed); `failures` are those of this call, in order."""

    exit_code = 1

    def __init__(self, failures: Sequence[Failure]) -> None:
        told = "; ".join(f"{f.bot}: {f.reason}" for f in failures)
        super().__init__(f"no stand-in can answer ({told or 'pairing.stand_in lists no other'})")
        self.failures = tuple(failures)


@dataclass(eq=False)
class StandInBot:
    """One bot of a run: `name` as in task.yaml, `seconds` that one act may take. Methods raise CrowdError only."""

    at: int
    name: str
    version: str
    bot: Any
    run: Run
    seconds: float
    label: str = ""
    """How messages call it: an installed one with its distribution and version."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_set_up: bool = False
    _about: dict[str, str | None] | None = None

    def setup(self) -> None:
        """Call the bot's own `setup(run)`, once; if that fails, again next time. Then ask who it is."""
        with self._lock:
            if not self._is_set_up:
                if hasattr(self.bot, "setup"):
                    self._guarded(lambda: self.bot.setup(self.run))
                self._is_set_up = True
        self.about()

    def about(self) -> dict[str, str | None]:
        """{"name", "model", "version", "instructions"}: what it says of itself, else entry point and distribution."""
        if self._about is None:
            said = self._guarded(self.bot.about) if hasattr(self.bot, "about") else None
            known = {"name": self.name, "model": None, "version": self.version, "instructions": None}
            given = said if isinstance(said, dict) else {}
            self._about = {key: str(given.get(key) or known[key] or "") or None for key in known}
        return dict(self._about)

    def act(self, item: Json, conversation: Sequence[Act], me: str) -> Json | None:
        """Its next act, looked at: JSON of bounded size."""
        self.setup()
        data = self._guarded(lambda: self.bot.act(item, conversation, me))
        try:
            size = 0 if data is None else len(canonical(data).encode())
        except (TypeError, ValueError, RecursionError) as error:
            raise BotFailed(f"what it answered is not JSON: {described(error)}") from None
        if size > LONGEST:
            raise BotFailed(f"what it answered has {size:,} bytes of JSON, {LONGEST:,} are allowed")
        return data

    def close(self) -> None:
        """Call the bot's own `close()`, if it has one."""
        if hasattr(self.bot, "close"):
            self._guarded(self.bot.close)

    def _guarded(self, call: Callable[[], Any]) -> Any:
        """The value of `call()`; what it raises becomes one line without secret options, even a sys.exit()."""
        try:
            return call()
        except CrowdError as error:
            kind = ConfigError if isinstance(error, ConfigError) else BotFailed
            raise kind.many([without_secrets(line) for line in error.problems]) from error
        except BaseException as error:
            raise BotFailed(described(error)[:300] + place(error, outside=__file__)) from error


def make_bots(plugins: RunPlugins, services: RunServices) -> list[StandInBot]:
    """The bots of `pairing.stand_in`, made when the run's plugins were; nothing is loaded or asked yet.

    Each has its own `Run`: two of the same type do not share their `run.records`.
    """
    found = []
    for at, made in enumerate(plugins.bots):
        name, bot = made.name.removeprefix("bot:"), made.instance
        run = Run(services, made.name, made.options, f"bot:{at}:{name}")
        seconds = float(getattr(bot, "seconds", None) or LIMITS["bots"].seconds)
        found.append(StandInBot(at, name, made.version, bot, run, seconds, made.label.removeprefix("bot ")))
    return found


class StandIns:
    """The chain of a run's bots. Methods are for one event loop."""

    def __init__(self, bots: Sequence[StandInBot], limiters: Limiters | None = None) -> None:
        self.bots = tuple(bots)
        self._limiters = limiters or Limiters(wait=WAIT)

    def index(self, name: str) -> int:
        """The place of the first bot of this name; NoStandIn if it is not listed."""
        for bot in self.bots:
            if bot.name == name:
                return bot.at
        near = meant(name, [bot.name for bot in self.bots])
        raise NoStandIn([Failure(len(self.bots), name, f"pairing.stand_in does not list it{near}")])

    def about(self, at: int) -> dict[str, str | None]:
        """Who bot `at` is (JSON for the agent's row and exports); what it cannot say is None."""
        return self.bots[at].about()

    async def prepare(self) -> None:
        """Let each bot look whether it can work; ConfigError with a line for each fault."""
        problems: list[str] = []
        for bot in self.bots:
            try:
                await self._call(bot, bot.setup, _SETUP)
            except CrowdError as error:
                problems += [f"pairing.stand_in.{bot.at}: bot {bot.name!r}: {line}" for line in error.problems]
        if problems:
            raise ConfigError.many(problems)

    async def act(
        self,
        item: Json,
        conversation: Sequence[Act],
        me: str,
        at: int = 0,
        failed: Callable[[Failure], None] | None = None,
    ) -> tuple[Json | None, int]:
        """What bot `at`, or the first one after it that can, says as `me` (None: nothing now), and which one it was.

        NoStandIn when all have failed. Cancelling gives up waiting; the bot's thread ends by itself.
        """
        failures: list[Failure] = []
        for bot in self.bots[at:]:
            try:
                return await self._call(bot, partial(bot.act, item, tuple(conversation), me), bot.seconds), bot.at
            except CrowdError as error:
                failures.append(Failure(bot.at, bot.name, "; ".join(error.problems)))
            following = self.bots[bot.at + 1 : bot.at + 2]
            then = f"{following[0].name!r} takes over" if following else "no other stand-in is listed"
            log.warning("%s: stand-in %s failed: %s; %s", bot.run.name, bot.label, failures[-1].reason, then)
            if failed is not None:
                failed(failures[-1])
        raise NoStandIn(failures)

    async def close(self) -> None:
        """Let the bots close what they hold, each for 5 s at most, and idle threads end."""
        calls = [self._call(bot, bot.close, _CLOSE) for bot in self.bots]
        for bot, ended in zip(self.bots, await asyncio.gather(*calls, return_exceptions=True), strict=True):
            if isinstance(ended, Exception):
                log.warning("%s: stand-in %s could not be closed: %s", bot.run.name, bot.label, ended)
        self._limiters.close()

    async def _call(self, bot: StandInBot, call: Callable[[], T], seconds: float) -> T:
        try:
            return await self._limiters.get("bots", f"{bot.at}").run(call, seconds=seconds)
        except Overrun:
            raise BotFailed(f"took longer than {seconds:g} s") from None
        except Busy:
            raise BotFailed("no thread became free: its earlier calls have not ended") from None
