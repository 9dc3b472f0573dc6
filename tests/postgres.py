"""A PostgreSQL server for tests: real, private, started in under two seconds, gone afterwards.

fsync is on, as in a real installation, except for tests that are not about what outlives a crash.
PostgreSQL refuses to run as root, so root starts it as an ordinary user. A machine without PostgreSQL
fails the tests that want it.
"""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

_MISSING = "these tests need PostgreSQL's server programs: apt-get install postgresql, or put initdb on the PATH"
_START_SECONDS = 100.0
RUN_LOCKS = 0x63726F77
"""The class of advisory locks that say which process leads a run."""


class PostgresServer:
    """A running server; `new_database()` makes as many databases as wanted.

    `durable`: its commits outlive a crash of the machine; without, it is several times as quick. `below`: the folder
    for its own folder; its path must be short, for a socket lies there.
    """

    def __init__(self, *, durable: bool = True, below: Path = Path("/tmp")) -> None:
        self._programs = _programs()
        self._durable = durable
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir=below))
        self._as_user = _as_ordinary_user(self._folder)
        self._numbers = itertools.count(1)
        self.port = _free_port()
        self._call("initdb", "-D", self._data, "-U", "crowd", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self._process = self._start()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://crowd@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """The address of a new database: empty, or a copy of `template`, which nobody may be using."""
        name = f"test_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self.url(name)

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection as the superuser, in autocommit."""
        return psycopg.connect(self.url(database).replace("+psycopg", ""), autocommit=True)

    def drop_connections(self) -> int:
        """Cut every other connection, as a restart or a firewall would; how many there were."""
        with self.connect() as connection:
            cursor = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            return len(cursor.fetchall())

    def end_leads(self, database: str) -> int:
        """End the sessions that hold the locks of runs in this database; how many there were."""
        with self.connect() as connection:
            cursor = connection.execute(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE l.locktype = 'advisory' AND l.classid = %s AND d.datname = %s AND l.granted",
                [RUN_LOCKS, database],
            )
            return len(cursor.fetchall())

    def crash(self) -> None:
        """Stop at once, without a checkpoint, and start again on the same data and port."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(_START_SECONDS)
        self._process = self._start()

    @contextmanager
    def silent(self, database: str | None = None) -> Iterator[None]:
        """All of its processes stand still: it takes what is sent, and answers nothing. With `database` only those
        that serve this one: new connections are answered."""
        stopped = self._backends(database) if database is not None else self._processes()
        for process in stopped:
            _signal(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                _signal(process, signal.SIGCONT)

    def _backends(self, database: str) -> list[int]:
        sql = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        with self.connect() as connection:
            return [int(str(row[0])) for row in connection.execute(sql, [database]).fetchall()]

    def _processes(self) -> list[int]:
        """The first process before those that it starts, so that none is missed."""
        _signal(self._process.pid, signal.SIGSTOP)
        found = [self._process.pid]
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == self._process.pid:
                    found.append(int(entry.name))
        return found

    def stop(self) -> None:
        """End the server and delete its data."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(_START_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder,
            "fsync": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
            "max_wal_size": "1GB" if self._durable else "64MB",  # the quick one may lie in memory
            "max_connections": 60,
            "shared_buffers": "32MB",
        }
        if self._version() >= 14:  # after a crash, one call syncs everything instead of one for each file
            options["recovery_init_sync_method"] = "syncfs"
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*self._as_user, *_dies_with_us(), str(self._programs / "postgres"), "-D", self._data, *settings],
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        self._wait_until_up(process)
        return process

    def _version(self) -> int:
        said = subprocess.run([self._programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        return int(re.findall(r"\d+", said.stdout)[0])

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < give_up:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("PostgreSQL did not start:\n" + (self._folder / "log").read_text()[-2000:])

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as_user, str(self._programs / program), *arguments],
            capture_output=True,
            text=True,
            cwd=self._folder,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"{program} failed: {done.stderr.strip()[-2000:]}")


def _signal(process: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)


def _programs() -> Path:
    """The folder of initdb and postgres."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(answer.stdout.strip()))
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    for folder in [*candidates, *newest_first]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return pytest.fail(_MISSING)


def _as_ordinary_user(folder: Path) -> list[str]:
    """What to put before a command so that it does not run as root; the folder is given to that user."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _dies_with_us() -> list[str]:
    """What to put before a command so that it ends with the test process, however that ends."""
    return ["setpriv", "--pdeathsig", "SIGQUIT"] if shutil.which("setpriv") else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
