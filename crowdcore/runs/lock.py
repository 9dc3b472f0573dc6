"""The run lock: one process leads a run, and the lock is free the moment that process dies.

On this machine it is `flock` on a file; on PostgreSQL also a session's advisory lock, for there may be
other machines with the same database. Either may be lost by a process that lives (the session is ended, the
file is deleted), so whoever leads looks after it (`look`) and writes through `database` only: each leader has
a number, and what it writes is refused once there is a higher one.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from crowdcore.base.paths import make_run_folder
from crowdcore.errors import LeadLost, RunError, StoreBusy
from crowdcore.store.queries import runs

if TYPE_CHECKING:
    from crowdcore.store import Conn, Database, Held

_TRIES = 10
"""Who only looks whether a run is led holds the lock for a moment: it is worth trying again."""
_BRIEF = " delivers"
"""What stands in the file after the process, where a command sends what waits and lets go again."""
BRIEF_SECONDS = 60.0
"""How long such a command is waited for, at most."""


class ServedElsewhere(RunError):
    """A process of another machine leads the run."""


class RunLock:
    """The lead of one run, `folder` being its folder on this machine; `database` is for who has it.

    `brief`: to be held for as long as it takes to send what waits; others wait for that. `patience`: seconds that any
    other holder is waited for, one that is about to let go.
    """

    def __init__(self, folder: Path, run: str, run_id: int, database: Database, *, brief: bool = False,
                 patience: float = 0.0) -> None:  # fmt: skip
        self.database = database.fenced(self._check)
        self._path = folder / "lock"
        self._run = run
        self._run_id = run_id
        self._unfenced = database
        self._brief = brief
        self._patience = patience
        self._file: int | None = None
        self._held: Held | None = None
        self._lead = 0
        self._lost = False
        self._doubt: str | None = None
        self._looking = threading.Lock()

    def acquire(self) -> Self:
        """Take the lead of the run; RunError names the process that has it."""
        make_run_folder(self._path.parent)  # a launch may have died before it made the folder
        file = self._open()
        try:
            if (holder := _other_holder(file, self._patience)) is not None:
                raise self._taken_by(holder)
            self._sign(file)
            self._held = self._unfenced.hold(self._run_id)
            if self._held is None:
                raise ServedElsewhere(f"run {self._run} is served by another machine already; end it there")
            self._lead = self._unfenced.write(lambda c: runs.take_lead(c, self._run_id))
        except BaseException:
            os.close(file)
            if self._held is not None:
                self._held.close()
                self._held = None
            raise
        self._file = file
        return self

    @property
    def doubted(self) -> bool:
        """Whether a transaction was refused since it was looked after: it is lost, or not certain."""
        return self._lost or self._doubt is not None

    def look(self) -> None:
        """Whether the lead is still there, and if not take it again; asks the database, for seconds at most.

        Raises StoreBusy while it is not certain (then nothing is written either), LeadLost when another process has
        led the run.
        """
        with self._looking:
            self._look()

    def _look(self) -> None:
        if self._lost:
            raise self._gone()
        if self._file is None:  # it was given back meanwhile
            return
        session = self._held is not None and self._held.holds()
        if session and self._doubt is None and self._is_our_file():
            return
        self._doubt = self._doubt or f"the lock of run {self._run} was lost; it is being taken again"
        if self._unfenced.read(lambda c: runs.lead(c, self._run_id)) != self._lead:
            self._lost = True
            raise self._gone()
        if not self._is_our_file():
            self._take_file_again()
        if not session:
            self._take_session_again()
        if self._unfenced.read(lambda c: runs.lead(c, self._run_id)) != self._lead:
            self._lost = True
            raise self._gone()
        self._doubt = None

    def release(self) -> None:
        """Let others lead the run."""
        with self._looking:
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

    def _check(self, conn: Conn) -> None:
        """The fence: asked in every transaction of the leader, which nobody else can write beside."""
        if self._lost:
            raise self._gone()
        if self._doubt is None and not self._is_our_file():
            self._doubt = f"{self._path} was deleted or replaced while run {self._run} is served"
        if self._doubt is not None:
            raise StoreBusy(self._doubt)
        if runs.lead(conn, self._run_id) != self._lead:
            self._lost = True
            raise self._gone()

    def _gone(self) -> LeadLost:
        return LeadLost(f"run {self._run} is led by another process now: this one stops, and stores and pays nothing")

    def _taken_by(self, holder: str) -> RunError:
        if holder.endswith(_BRIEF):
            process = holder.removesuffix(_BRIEF)
            return RunError(f"run {self._run}: process {process} is sending what waits; try again when it is done")
        return RunError(f"run {self._run} is served by process {holder} already; "
                        f"`crowd status {self._run}` shows it, `crowd stop {self._run}` ends it")  # fmt: skip

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _sign(self, file: int) -> None:
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}{_BRIEF if self._brief else ''}".encode(), 0)

    def _is_our_file(self) -> bool:
        """Whether the file that is locked is the one that others would lock."""
        if self._file is None:  # was given back: then the number alone decides
            return True
        try:
            there, ours = self._path.stat(), os.fstat(self._file)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def _take_file_again(self) -> None:
        """StoreBusy if the run's folder is gone, or somebody else has the new file (and will have a number soon)."""
        try:
            file = self._open()
        except OSError as error:
            raise StoreBusy(f"{self._path}: {error.strerror}: is the data directory gone?") from error
        if not _taken(file):
            os.close(file)
            raise StoreBusy(f"{self._path} was replaced, and another process has the new one")
        self._sign(file)
        if self._file is not None:
            os.close(self._file)
        self._file = file

    def _take_session_again(self) -> None:
        """StoreBusy if another session has the lock: another process, or an old one of this that has not ended yet."""
        if self._held is not None:
            self._held.close()
            self._held = None
        self._held = self._unfenced.hold(self._run_id)
        if self._held is None:
            raise StoreBusy(f"the lock of run {self._run} was lost, and another session of the database has it")


def is_led(folder: Path, *, brief: bool = False) -> bool:
    """Whether some process leads the run of this folder now; with `brief` also one that only sends what waits."""
    try:
        file = _open_to_look(folder / "lock")
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return brief or not _holder(file).endswith(_BRIEF)
    finally:
        os.close(file)
    return False


def _open_to_look(lock: Path) -> int:
    """To read is enough; some network file systems want more for a lock."""
    try:
        return os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError:  # somebody who may only read
        return os.open(lock, os.O_RDONLY | os.O_CLOEXEC)


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
