"""Servers and helpers as processes of their own, and what the kernel says of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TASK = Path(__file__).parent / "task" / "task.yaml"
CROWD = [sys.executable, "-c", "from crowdcore.cli import main; main()"]


class Server:
    """A started server: its process id, its address, and when its process was started (monotonic seconds)."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, born: float) -> None:
        self.process, self.port, self.born = process, port, born
        self.pid = process.pid
        self.url = f"http://127.0.0.1:{port}/"

    def first_page(self, path: str = "/") -> float:
        """Wait for the first answer to GET `path`; seconds from process start."""
        while True:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.request("GET", path)
                connection.getresponse().read()
                return time.monotonic() - self.born
            except (OSError, HTTPException):
                if self.process.poll() is not None:
                    raise RuntimeError(f"the server ended with code {self.process.returncode}") from None
                time.sleep(0.002)
            finally:
                connection.close()


def environment(data: Path) -> dict[str, str]:
    """An environment in which `crowd` keeps everything below `data`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CROWD_")}
    return {**kept, "CROWD_DATA_DIR": str(data), "CROWD_CONFIG_DIR": str(data / "config")}


@contextmanager
def crowd(data: Path, *words: str, port: int | None = None) -> Iterator[Server]:
    """`crowd WORDS…` on a port of its own (`crowd run` of the benchmark task if there are none); killed at the end."""
    port = port or free_port()
    words = words or ("run", str(TASK), "--no-open", f"architect.port={port}")
    with _started([*CROWD, *words], port, data) as server:
        yield server


def run_words(items: int, port: int, *more: str) -> tuple[str, ...]:
    """The words of `crowd run` for so many assignments."""
    return ("run", str(TASK), "--no-open", f"architect.port={port}", f"args.items={items}", *more)


@contextmanager
def launched(data: Path, items: int, *more: str) -> Iterator[Server]:
    """A served run all of whose `items` assignments are launched."""
    port = free_port()
    with crowd(data, *run_words(items, port, *more), port=port) as server:
        wait_launched(server, data, items)
        yield server


def wait_launched(server: Server, data: Path, items: int, timeout: float = 300) -> float:
    """Wait until so many assignments are stored; seconds from process start."""
    while _ordinal(data / "crowd.db") < items:
        if server.process.poll() is not None or time.monotonic() - server.born > timeout:
            raise RuntimeError(f"{items} assignments were not launched in time")
        time.sleep(0.01)
    return time.monotonic() - server.born


def _ordinal(database: Path) -> int:
    if not database.exists():
        return 0
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT MAX(next_ordinal) FROM run").fetchone()[0] or 0)
    except sqlite3.Error:
        return 0
    finally:
        connection.close()


@contextmanager
def floor(data: Path, units: int) -> Iterator[Server]:
    """The bare floor with so many units, the same items as the benchmark task's."""
    data.mkdir(parents=True, exist_ok=True)
    database = data / "floor.db"
    form = json.loads((TASK.parent / "form.json").read_text())
    connection = sqlite3.connect(database)
    connection.execute(
        "CREATE TABLE unit (id INTEGER PRIMARY KEY, status TEXT NOT NULL, worker TEXT, item TEXT NOT NULL, data TEXT)"
    )
    connection.execute("CREATE INDEX unit_status ON unit (status)")
    items = (json.dumps({"form": {**form, "title": f"Letter {n}"}}) for n in range(units))
    connection.executemany("INSERT INTO unit (status, item) VALUES ('launched', ?)", ((item,) for item in items))
    connection.commit()
    connection.close()
    port = free_port()
    command = [sys.executable, str(Path(__file__).parent / "floor.py"), str(database), str(port)]
    with _started(command, port, data) as up:
        up.first_page("/")
        yield up


@contextmanager
def _started(command: list[str], port: int, data: Path) -> Iterator[Server]:
    born = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(data), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        yield Server(process, port, born)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def helper(module: str, *words: str, quiet: bool = False) -> subprocess.Popen[str]:
    """A helper of this package as a process whose one line of JSON `answer` reads; `quiet`: it is to be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> Any:
    """What a helper printed, once it has ended."""
    out, _ = process.communicate(timeout=600)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with code {process.returncode}")
    return json.loads(out)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, what: str = "VmRSS") -> float:
    """Resident memory in MB: now, or with `VmHWM` the most there ever was."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(what)
