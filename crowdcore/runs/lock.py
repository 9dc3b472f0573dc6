"""The run lock: one process leads a run, and the lock is free the moment that process dies.

On this machine it is `flock` on a file; on PostgreSQL also a session's advisory lock, for there may be
other machines with the same database.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from crowdcore.base.paths import make_run_folder
from crowdcore.errors import RunError

if TYPE_CHECKING:
    from crowdcore.store import Database, Held

_TRIES = 10
"""Who only looks whether a run is led holds the lock for a moment: it is worth trying again."""
_BRIEF = " delivers"
"""What stands in the file after the process, where a command sends what waits and lets go again."""
BRIEF_SECONDS = 60.0
"""How long such a command is waited for, at most."""


class ServedElsewhere(RunError):
    """A process of another machine leads the run."""


class RunLock:
    """The lead of one run: `database` has it, `folder` is its folder on this machine.

    `brief`: to be held for as long as it takes to send what waits; others wait for that. `patience`: seconds that any
    other holder is waited for, one that is about to let go.
    """

    def __init__(self, folder: Path, run: str, run_id: int, database: Database, *, brief: bool = False,
                 patience: float = 0.0) -> None:  # fmt: skip
        self._path = folder / "lock"
        self._run = run
        self._run_id = run_id
        self._database = database
        self._brief = brief
        self._patience = patience
        self._file: int | None = None
        self._held: Held | None = None

    def acquire(self) -> Self:
        """Take the lead of the run; RunError names the process that has it."""
        make_run_folder(self._path.parent)  # a launch may have died before it made the folder
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if (holder := _other_holder(file, self._patience)) is not None:
            os.close(file)
            if holder.endswith(_BRIEF):
                process = holder.removesuffix(_BRIEF)
                raise RunError(f"run {self._run}: process {process} is sending what waits; try again when it is done")
            raise RunError(f"run {self._run} is served by process {holder} already; "
                           f"`crowd status {self._run}` shows it, `crowd stop {self._run}` ends it")  # fmt: skip
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}{_BRIEF if self._brief else ''}".encode(), 0)
        try:
            self._held = self._database.hold(self._run_id)
        except BaseException:
            os.close(file)
            raise
        if self._held is None:
            os.close(file)
            raise ServedElsewhere(f"run {self._run} is served by another machine already; end it there")
        self._file = file
        return self

    def release(self) -> None:
        """Let others lead the run."""
        if self._held is not None:
            self._held.close()
            self._held = None
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(self, *_exc: object) -> None:
        self.release()


def is_led(folder: Path, *, brief: bool = False) -> bool:
    """Whether some process leads the run of this folder now; with `brief` also one that only sends what waits."""
    try:
        file = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return brief or not _holder(file).endswith(_BRIEF)
    finally:
        os.close(file)
    return False


def _other_holder(file: int, patience: float) -> str | None:
    """Lock the file; None, or who has it (and does not let go of it in time)."""
    began = time.monotonic()
    while not _taken(file):
        holder = _holder(file)
        if time.monotonic() - began > (BRIEF_SECONDS if holder.endswith(_BRIEF) else patience):
            return holder or "another process"
    return None


def _holder(file: int) -> str:
    return os.pread(file, 64, 0).decode("ascii", "replace").strip()


def _taken(file: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.005)
        else:
            return True
    return False
