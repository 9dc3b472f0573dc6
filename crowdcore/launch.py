"""Launch, resume and wait for runs, from Python.

run = crowdcore.launch("task.yaml")
crowdcore.wait(run, log_rate=30)
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crowdcore import paths
from crowdcore.clock import Clock, SystemClock
from crowdcore.context import provider_says
from crowdcore.errors import RunError
from crowdcore.plugins import RunPlugins
from crowdcore.run import RunHost, Setup
from crowdcore.secret import secret_key
from crowdcore.snapshot import folder_of, reopen, take
from crowdcore.store import Database, open_database, runs

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.progress import Counters

_open: dict[tuple[str | None, Path], tuple[Database, int]] = {}
_open_lock = threading.Lock()


class RunHandle:
    """A run that this process serves."""

    def __init__(self, host: RunHost, release: Callable[[], None]) -> None:
        self._host = host
        self._release = release
        opened = host.open()
        self.name = host.setup.row.name
        self.task = host.setup.row.task
        self.id = host.setup.row.id
        self.config = host.setup.config
        self.url = opened.url
        self.admin_url = opened.admin_url
        self.started_at = time.time()
        self._launched = opened.launched

    @property
    def counters(self) -> Counters:
        """Units and agents by status, submissions and money promised, at most a moment old."""
        return self._host.counters

    def launched(self) -> int:
        """Wait until the first units are launched; returns how many they are."""
        while True:
            if self._launched.done():
                return self._launched.result()
            if self._host.outcome.done():
                self._host.outcome.result()
                return 0
            time.sleep(0.005)

    def drain(self) -> float:
        """No new work; people in the middle may finish. Returns seconds that may take at most."""
        return self._host.ask(lambda s: s.drain("ended on demand"))

    def stop(self) -> None:
        """Leave now; `crowd resume` goes on."""
        if not self._host.outcome.done():
            self._host.ask(lambda s: s.stop("interrupted"))
        self.wait()

    @property
    def resumable(self) -> bool:
        """Whether the run was stopped rather than finished."""
        return self._host.last_status == "stopped"

    def wait(self, timeout: float | None = None) -> str | None:
        """Wait for the end; why it ended in plain words, None after `timeout` seconds. Raises what ended it."""
        try:
            reason = self._host.wait(timeout)
        except BaseException:
            self._release()
            raise
        if reason is not None:
            self._release()
        return reason


def launch(
    config: RunConfig | str | Path | Mapping[str, Any],
    *,
    hooks: Iterable[object] = (),
    overrides: Iterable[str] = (),
    profile: str | None = None,
    data_dir: Path | None = None,
    db: str | None = None,
    clock: Clock | None = None,
    confirm: Callable[[str], bool] | None = None,
) -> RunHandle:
    """Launch a run and serve it in this process; returns when its first page answers.

    `config` is a task.yaml (path), a mapping of the same shape, or a RunConfig; `overrides` are words
    like "architect.port=1234". `hooks` are functions or objects with `@hookimpl`, asked before hooks.py.
    `confirm` is asked a question before a provider that spends money (`spends = True`) launches.
    Raises ConfigError, PluginError, StoreError or RunError, each with one line for every problem.
    """
    from crowdcore.config import RunConfig, load_config

    if not isinstance(config, RunConfig):
        config = load_config(config, overrides=list(overrides), profile=profile)
    plugins = RunPlugins(config, hooks=list(hooks))
    if confirm is not None and provider_says(plugins, "spends", False) and not confirm(_question(config)):
        raise RunError("nothing was launched")
    data = paths.data_dir(data_dir)
    database, release = _database(paths.database_url(db), data)
    try:
        clock = clock or SystemClock()
        key = secret_key(paths.config_dir())
        row = database.write(
            lambda c: runs.create(
                c, task=config.task.name, config=config.stored(), config_hash=config.hash,
                plugins=plugins.versions(), provider=config.provider.type, currency=config.currency,
                requester=config.provider.requester, now=clock.now(),
            )
        )  # fmt: skip
        folder = paths.run_folder(data, row.name)
        folder.mkdir(parents=True, exist_ok=True)
        sources = take(config, plugins, folder_of(folder))
        database.write(lambda c: runs.set_sources(c, row.id, sources))
        return RunHandle(RunHost(Setup(database, row, config, plugins, clock, folder, key, fresh=True)), release)
    except BaseException:
        release()
        raise


def resume(
    run: str | None = None,
    *,
    hooks: Iterable[object] = (),
    reload: bool = False,
    data_dir: Path | None = None,
    db: str | None = None,
    clock: Clock | None = None,
) -> RunHandle:
    """Serve a run again that was stopped or whose process died; goes on exactly where it was.

    The task's files are taken from the snapshot made at launch; `reload` takes them as they are now.
    """
    data = paths.data_dir(data_dir)
    database, release = _database(paths.database_url(db), data)
    try:
        row = database.read(lambda c: runs.find(c, run, statuses=runs.RESUMABLE))
        if row.status not in runs.RESUMABLE:
            raise RunError(f"run {row.name} is {row.status}; `crowd run` launches a new one")
        folder = paths.run_folder(data, row.name)
        folder.mkdir(parents=True, exist_ok=True)
        config, plugins, _ = reopen(row, folder, hooks=list(hooks), reload=reload)
        database.write(lambda c: runs.want(c, row.id, "run", (clock or SystemClock()).now()))
        setup = Setup(database, row, config, plugins, clock or SystemClock(), folder,
                      secret_key(paths.config_dir()), fresh=False)  # fmt: skip
        return RunHandle(RunHost(setup), release)
    except BaseException:
        release()
        raise


def wait(*handles: RunHandle, log_rate: float = 30.0, report: Callable[[str], None] | None = None) -> None:
    """Wait until all runs ended, with a line of progress every `log_rate` seconds (0: none).

    Ctrl-C once: no new work, people in the middle may finish. Twice: leave now, resumable.
    """
    from crowdcore.reporting import line

    say = report or (lambda text: print(text, file=sys.stderr, flush=True))
    remaining, interrupts, next_line = list(handles), 0, time.monotonic() + log_rate
    while remaining:
        try:
            remaining = [h for h in remaining if h.wait(0.1) is None]
            if log_rate and time.monotonic() >= next_line:
                next_line += log_rate
                for handle in remaining:
                    say(line(handle))
        except KeyboardInterrupt:
            interrupts += 1
            for handle in remaining:
                if interrupts == 1:
                    say(f"{handle.name}: no new work; people in the middle may take {handle.drain():.0f} s more")
                else:
                    handle.stop()
                    say(f"{handle.name}: stopped; go on with: crowd resume {handle.name}")


def _question(config: RunConfig) -> str:
    limit = f" (at most {config.task.budget} {config.currency})" if config.task.budget is not None else ""
    return (f"Each unit of {config.task.name!r} pays {config.task.reward} {config.currency} through "
            f"{config.provider.type}{limit}. Launch?")  # fmt: skip


def _database(url: str | None, data: Path) -> tuple[Database, Callable[[], None]]:
    """One Database per place in this process: two writers of one process would only wait for each other."""
    key = (url, data.absolute())
    with _open_lock:
        database, users = _open.get(key) or (open_database(url, data), 0)
        _open[key] = (database, users + 1)
    released = threading.Event()

    def release() -> None:
        if released.is_set():
            return
        released.set()
        with _open_lock:
            shared, count = _open[key]
            if count > 1:
                _open[key] = (shared, count - 1)
                return
            del _open[key]
        shared.close()

    return database, release
