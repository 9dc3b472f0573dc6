"""`crowd run` and `crowd resume`: launch or go on, show progress, end well."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from crowdcore.base.quantities import format_duration
from crowdcore.base.terminal import printable
from crowdcore.cli.common import say
from crowdcore.cli.logs import show_logs
from crowdcore.errors import ConfigError
from crowdcore.runs.report import line, money, of_units, people, remains, summary

if TYPE_CHECKING:
    from types import FrameType

    from crowdcore import RunHandle

INTERRUPTED = 130
LOG_RATE = click.option(
    "--log-rate", type=float, default=30.0, show_default=True,
    help="Seconds between two lines of progress when this is no terminal; 0: none.",
)  # fmt: skip


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("task", type=click.Path(path_type=Path))
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE]…")
@click.option("--profile", help="Settings kept under this name (profiles/NAME.yaml).")
@click.option("--yes", is_flag=True, help="Do not ask before money is spent on a platform.")
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@LOG_RATE
def run(task: Path, changes: tuple[str, ...], profile: str | None, yes: bool, no_open: bool, log_rate: float) -> int:
    """Launch TASK (a task.yaml, or a folder that has one) and serve it until it ends.

    KEY=VALUE changes options for this run, as in  architect.port=1234  or  provider=prolific.
    """
    from crowdcore import launch, load_config

    for word in changes:
        if word.startswith("-") or "=" not in word:
            raise ConfigError(f"command line: {word!r} is not KEY=VALUE (as in architect.port=1234) nor an option; "
                              "`crowd run --help` lists the options")  # fmt: skip
    show_logs()
    with Signals() as signals:
        config = load_config(_task_file(task), overrides=list(changes), profile=profile)
        handle = launch(config, confirm=None if yes else _confirm)
        return _serve(handle, signals, no_open, log_rate)


@click.command()
@click.argument("run", required=False)
@click.option("--reload", is_flag=True, help="Use hooks.py and data as they are now, not as they were at launch.")
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@LOG_RATE
def resume(run: str | None, reload: bool, no_open: bool, log_rate: float) -> int:
    """Go on with RUN (default: the newest that is not finished) exactly where it was."""
    from crowdcore import resume as go_on

    show_logs()
    with Signals() as signals:
        return _serve(go_on(run, reload=reload), signals, no_open, log_rate)


def _task_file(task: Path) -> Path:
    if task.is_dir():
        task = task / "task.yaml"
    if not task.exists():
        raise ConfigError(f"{task}: there is no such file; give a task.yaml or a folder that has one")
    return task


def _confirm(question: str) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError(f"{question} Nobody is here to answer: give --yes")
    return click.confirm(printable(question), default=False)


def _serve(handle: RunHandle, signals: Signals, no_open: bool, log_rate: float) -> int:
    signals.count()
    say(f"serving {handle.url}")
    if not no_open and sys.stdout.isatty() and os.environ.get("DISPLAY"):
        import webbrowser  # only for people at a screen

        threading.Thread(target=webbrowser.open, args=(handle.url,), daemon=True).start()
    while (units := handle.launched(timeout=0.1)) is None and not signals.noticed:
        pass
    if units is not None:
        more, balance = "" if handle.counters.exhausted else " so far", handle.balance()
        account = "" if balance is None else f"; balance {balance}"
        say(f"run {handle.name} (task {handle.task}): {of_units(units)} launched{more}, "
                   f"{money(handle.counters)} promised{account}")  # fmt: skip
    if handle.admin_url is not None:
        _admin(handle)
    _collect_less()
    display: Display = Lines(handle, log_rate)
    if sys.stdout.isatty():
        from crowdcore.cli.bars import Bars  # rich costs 100 ms

        display = Bars(handle)
    return _watch(handle, display, signals)


def _collect_less() -> None:
    """Look for garbage seldom, and never at what start-up made.

    With a thousand people connected each full look stops everything for 0.2 s, and new connections cause many.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def _admin(handle: RunHandle) -> None:
    """Where to look; the one-time link only for people at a terminal."""
    if sys.stdout.isatty():
        say(f"watch: {handle.admin_link()}  (works once, for 10 minutes)")
    else:
        say(f"watch: {handle.admin_url}  (crowd admin login makes a link)")


class Display(Protocol):
    """How progress is shown."""

    def show(self) -> None:
        """Show how things are now."""

    def say(self, text: str) -> None:
        """Print a line that stays."""

    def on(self) -> AbstractContextManager[object]:
        """The time in which things are shown."""


class Lines:
    """Plain lines, one every `rate` seconds."""

    def __init__(self, handle: RunHandle, rate: float) -> None:
        self._handle = handle
        self._rate = rate
        self._next = time.monotonic() + rate

    def show(self) -> None:
        """A line, if it is time for one."""
        if self._rate and time.monotonic() >= self._next:
            self._next += self._rate
            self.say(line(self._handle))

    def say(self, text: str) -> None:
        """Print a line."""
        say(text)

    def on(self) -> AbstractContextManager[object]:
        """Nothing to set up."""
        return nullcontext()


class Signals:
    """Until `count()` a signal interrupts; from then on Ctrl-C is counted and a request to terminate remembered."""

    def __init__(self) -> None:
        self.interrupts = 0
        self.terminate = False
        self._counting = False

    def count(self) -> None:
        """Break in nowhere from now on."""
        self._counting = True

    @property
    def noticed(self) -> bool:
        """Whether there was any signal."""
        return self.terminate or self.interrupts > 0

    def __enter__(self) -> Signals:
        self._before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._terminate)
        return self

    def __exit__(self, *_exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupts += 1
        self._break_in()

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        self.terminate = True
        self._break_in()

    def _break_in(self) -> None:
        if not self._counting:
            raise KeyboardInterrupt


def _watch(handle: RunHandle, display: Display, signals: Signals) -> int:
    drained = False
    with display.on():
        while handle.wait(0.1) is None:
            display.show()
            if signals.terminate or signals.interrupts > 1:
                handle.stop()
                if not handle.resumable:
                    break
                for text in remains(handle):
                    display.say(text)
                return INTERRUPTED
            if signals.interrupts and not drained:
                drained = True
                seconds, busy = handle.drain(), handle.counters.units["assigned"]
                display.say(_last_orders(busy, seconds))
        display.show()
    for text in remains(handle) if handle.resumable else summary(handle, handle.wait() or ""):
        say(text)
    return 0


def _last_orders(busy: int, seconds: float) -> str:
    if not busy:
        return "no new work is handed out, and nobody is in the middle of anything: ending"
    return (f"no new work is handed out; {people(busy)} in the middle may finish, which takes at most "
            f"{format_duration(round(seconds))}. Ctrl-C again leaves now (resumable)")  # fmt: skip
