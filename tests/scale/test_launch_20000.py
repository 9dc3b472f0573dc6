"""A run serves its first page within 1 s of process start, and 20,000 units are launched within 4 s.

Machines are shared and noisy: the best of a few tries counts, and all of them are printed.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import socket

import pytest

UNITS = 20_000
FIRST_PAGE, ALL_UNITS = 1.0, 4.0
"""Seconds from process start."""
TRIES = 3
MORE_TRIES = 5
"""So many more when none was good enough."""

MOCK = f"""
task: {{name: many, reward: 0.1}}
blueprint: {{type: mock, num_assignments: {UNITS}}}
"""
FORM = Path(__file__).parents[2] / "examples" / "form" / "task.yaml"


@dataclass(frozen=True)
class Tried:
    """Seconds from process start to the first page, and until all units are in the database and in /metrics."""

    page: float
    units: float
    processor: float


def test_20000_units_are_launched_within_4_s_of_process_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = tmp_path / "task.yaml"
    task.write_text(MOCK)
    tried: list[Tried] = []
    while len(tried) < TRIES or (len(tried) < TRIES + MORE_TRIES and not _good(tried)):
        tried.append(_launch(task, tmp_path / f"data-{len(tried)}"))
    with capsys.disabled():
        for one in tried:
            print(f"\nfirst page {one.page:.2f} s ({one.processor:.2f} s of them computing)", end="")
            print(f", {UNITS} units {one.units:.2f} s", end="")
    assert _good(tried), tried


def test_the_first_page_of_a_form_answers_within_1_s_of_process_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages: list[float] = []
    while len(pages) < TRIES or (len(pages) < TRIES + MORE_TRIES and min(pages) > FIRST_PAGE):
        port, born = _free_port(), time.monotonic()
        with _crowd(FORM, tmp_path / f"data-{len(pages)}", port) as process:
            assert '<link rel="modulepreload" href="../crowd.js">' in _get(process, port, "/")
            pages.append(time.monotonic() - born)
    with capsys.disabled():
        print(f"\nfirst page of a form {', '.join(f'{page:.2f} s' for page in pages)}", end="")
    assert min(pages) <= FIRST_PAGE


def _good(tried: list[Tried]) -> bool:
    return min(one.page for one in tried) <= FIRST_PAGE and min(one.units for one in tried) <= ALL_UNITS


def _launch(task: Path, data: Path) -> Tried:
    port, born = _free_port(), time.monotonic()
    with _crowd(task, data, port) as process:
        _get(process, port, "/")
        page = time.monotonic() - born
        processor = _processor_seconds(process.pid)
        expected = f'crowd_units{{run="many-1",status="launched"}} {UNITS}'
        while expected not in (shown := _get(process, port, "/metrics")).replace(".0\n", "\n").splitlines():
            assert time.monotonic() - born < 60, shown
            time.sleep(0.02)
        assert _launched(data / "crowd.db") == UNITS
        return Tried(page, time.monotonic() - born, processor)


@contextmanager
def _crowd(task: Path, data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CROWD_")},
        "CROWD_DATA_DIR": str(data), "CROWD_CONFIG_DIR": str(data / "config"),
    }  # fmt: skip
    process = subprocess.Popen(
        [Path(sys.executable).with_name("crowd"), "run", str(task), f"architect.port={port}", "--no-open"],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _get(process: subprocess.Popen[bytes], port: int, path: str) -> str:
    """The body of the first answer to GET `path`, which has to be 200."""
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            body = reply.read().decode()
            assert reply.status == 200, body
        except (OSError, HTTPException):
            assert process.poll() is None, "crowd run ended"
            time.sleep(0.005)
        else:
            return body
        finally:
            connection.close()


def _launched(database: Path) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        count: int = connection.execute("SELECT COUNT(*) FROM unit WHERE status = 'launched'").fetchone()[0]
        return count
    finally:
        connection.close()


def _processor_seconds(process: int) -> float:
    """What it has used so far: a machine that does other things too spoils the times, not this."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
