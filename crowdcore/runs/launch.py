"""Launch, resume and wait for runs, from Python.

run = crowdcore.launch("task.yaml")
crowdcore.wait(run, log_rate=30)
"""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crowdcore.base import paths
from crowdcore.base.clock import Clock, SystemClock
from crowdcore.base.secret import secret_key
from crowdcore.base.terminal import printable
from crowdcore.config.snapshot import folder_of, reopen, take
from crowdcore.errors import RunError, StoreError
from crowdcore.plugins import RunPlugins
from crowdcore.runs.databases import shared_database
from crowdcore.runs.handle import RunHandle
from crowdcore.runs.host import RunHost
from crowdcore.runs.lock import RunLock
from crowdcore.runs.report import line
from crowdcore.runs.setup import Setup
from crowdcore.store import Conn, Database
from crowdcore.store.queries import runs
from crowdcore.work.context import provider_says

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.store.queries.runs import RunRow

log = logging.getLogger("crowdcore.run")


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
    for doubt in plugins.warnings:
        log.warning("%s", doubt)
    if confirm is not None and provider_says(plugins, "spends", False) and not confirm(_question(config)):
        raise RunError("nothing was launched")
    data = paths.data_dir(data_dir)
    database, release = shared_database(paths.database_url(db), data)
    try:
        clock = clock or SystemClock()
        row = database.write(
            lambda c: runs.create(
                c, task=config.task.name, config=config.stored(), config_hash=config.hash,
                plugins=plugins.versions(), provider=config.provider.type, currency=config.currency,
                requester=config.provider.requester, now=clock.now(),
            )
        )  # fmt: skip
        try:
            return _open_new(database, row, config, plugins, data, clock, release)
        except Exception:  # but an interrupted launch can be resumed
            with suppress(StoreError):  # if that fails too, the first error is the one to read
                _forget(database, data, row, clock.now())
            raise
    except BaseException:
        release()
        raise


def _open_new(
    database: Database, row: RunRow, config: RunConfig, plugins: RunPlugins, data: Path, clock: Clock,
    release: Callable[[], None],
) -> RunHandle:  # fmt: skip
    folder, lock = _lead(database, data, row)
    try:
        _keep_sources(lock.database, row, config, plugins, folder)
        key = secret_key(paths.config_dir())
        return RunHandle(RunHost(Setup(lock.database, row, config, plugins, clock, folder, key, lock, fresh=True)),
                         release)  # fmt: skip
    except BaseException:
        lock.release()
        raise


def _forget(database: Database, data: Path, row: RunRow, now: float) -> None:
    """A launch was refused: nothing of it stays, unless another process has led the run since."""
    if database.read(lambda c: runs.lead(c, row.id)) <= 1:
        # Before the row: a folder of a run that the database does not know means that it lost something.
        shutil.rmtree(paths.run_folder(data, row.name), ignore_errors=True)
        database.write(lambda c: runs.discard(c, row.id, row.name, now))


def _lead(database: Database, data: Path, row: RunRow) -> tuple[Path, RunLock]:
    """The run's folder and its lock; RunError if another process has it."""
    folder = paths.run_folder(data, row.name)
    paths.make_run_folder(folder)
    return folder, RunLock(folder, row.name, row.id, database).acquire()


def _keep_sources(database: Database, row: RunRow, config: RunConfig, plugins: RunPlugins, folder: Path) -> None:
    sources = take(config, plugins, folder_of(folder))
    database.write(lambda c: runs.set_sources(c, row.id, sources))


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
    database, release = shared_database(paths.database_url(db), data)
    clock = clock or SystemClock()
    try:
        row = database.read(lambda c: runs.find(c, run, statuses=runs.RESUMABLE))
        _check_resumable(row)
        folder, lock = _lead(database, data, row)
        try:
            row = lock.database.write(lambda c: _go_on(c, row.id, clock.now()))
            # Without a snapshot the launch broke off before anything was offered to anybody.
            whole = bool(row.sources) or row.status != "launching"
            config, plugins, _ = reopen(row, folder, hooks=list(hooks), reload=reload or not whole)
            for doubt in plugins.warnings if reload else ():
                log.warning("%s", doubt)
            if not whole:
                _keep_sources(lock.database, row, config, plugins, folder)
            key = secret_key(paths.config_dir())
            setup = Setup(lock.database, row, config, plugins, clock, folder, key, lock, fresh=False,
                          reload=reload and whole)  # fmt: skip
            return RunHandle(RunHost(setup), release)
        except BaseException:
            lock.release()
            raise
    except BaseException:
        release()
        raise


def _check_resumable(row: RunRow) -> None:
    if row.status not in runs.RESUMABLE:
        raise RunError(f"run {row.name} is {row.status}; `crowd run` launches a new one")


def _go_on(conn: Conn, run_id: int, now: float) -> RunRow:
    """The run as the process before left it, wanted to go on (a wish to end it stays)."""
    row = runs.get(conn, run_id)
    _check_resumable(row)
    if row.wanted in ("stop", "pause"):
        runs.want(conn, run_id, "run", now)
    return row


def wait(*handles: RunHandle, log_rate: float = 30.0, report: Callable[[str], None] | None = None) -> None:
    """Wait until all runs ended, with a line of progress every `log_rate` seconds (0: none).

    Ctrl-C once: no new work, people in the middle may finish. Twice: leave now, resumable.
    """
    say = report or (lambda text: print(printable(text), file=sys.stderr, flush=True))
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
