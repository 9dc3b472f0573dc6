"""The rows of the table: each measures one thing and answers numbers by name, those of several rounds as lists."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks import processes
from benchmarks.processes import Server, answer, crowd, floor, helper, launched, memory
from benchmarks.table import Numbers


@dataclass(frozen=True)
class Scale:
    """How much is measured: rounds of each, units per worker, sizes."""

    rounds: int
    each: int
    workers: int
    big: int
    launch: int
    resume: int
    held: int
    inserts: int


FULL = Scale(rounds=5, each=30, workers=200, big=1_000_000, launch=100_000, resume=100_000, held=1000, inserts=200)
QUICK = Scale(rounds=1, each=10, workers=200, big=50_000, launch=20_000, resume=20_000, held=300, inserts=60)


@contextmanager
def folder() -> Iterator[Path]:
    """A data directory on the disk that the current directory is on: temporary ones may be in memory."""
    path = Path(tempfile.mkdtemp(prefix=".benchmark-", dir=Path.cwd()))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def throughput(scale: Scale) -> Numbers:
    """Completed units per second and waiting times, the floor and crowdcore by turns."""
    numbers: Numbers = {}
    units = scale.workers * (scale.each + 1)
    for _ in range(scale.rounds):
        with folder() as data, floor(data, units) as bare:
            _add(numbers, "floor_", _drive(bare, scale.workers, scale.each))
        with folder() as data, launched(data, units) as server:
            _add(numbers, "crowd_", _drive(server, scale.workers, scale.each))
    _ratio(numbers, "ratio_units_per_second", "crowd_units_per_second", "floor_units_per_second")
    _ratio(numbers, "ratio_cpu_per_unit", "floor_server_cpu_us_per_unit", "crowd_server_cpu_us_per_unit")
    return numbers


def size(scale: Scale) -> Numbers:
    """The same with few units and with many in the database, by turns; beside the many, another process's inserts."""
    numbers: Numbers = {}
    with folder() as much, launched(much, scale.big) as big:
        _drive(big, scale.workers, 1, "warm")
        for turn in range(scale.rounds):
            with folder() as data, launched(data, 5 * scale.workers) as small:
                _add(numbers, "small_", _drive(small, scale.workers, 4))
            _add(numbers, "big_", _drive(big, scale.workers, 4, f"turn{turn}"))
        _add(numbers, "", _insert(big, much, scale))
    _ratio(numbers, "ratio_seconds_per_unit", "small_units_per_second", "big_units_per_second")
    _ratio(numbers, "ratio_cpu_per_unit", "big_server_cpu_us_per_unit", "small_server_cpu_us_per_unit")
    return numbers


def _insert(server: Server, data: Path, scale: Scale) -> dict[str, float]:
    """Inserts of another process while the driver keeps the server busy."""
    with _driven(server, scale.workers):
        found: dict[str, float] = answer(helper("insert", str(data), "--count", str(scale.inserts)))
    return found


def launching(scale: Scale) -> Numbers:
    """Seconds from process start until all units are stored, and the most memory ever used."""
    numbers: Numbers = {}
    for _ in range(min(scale.rounds, 3)):
        port = processes.free_port()
        words = processes.run_words(scale.launch, port, "blueprint.units_per_assignment=2")
        with folder() as data, crowd(data, *words, port=port) as server:
            page = server.first_page()
            seconds = processes.wait_launched(server, data, scale.launch)
            _add(numbers, "", {"launch_s": seconds, "first_page_s": page, "peak_mb": memory(server.pid, "VmHWM")})
    return numbers


def starting(scale: Scale) -> Numbers:
    """`crowd --help`, and `crowd run` from process start to the first page."""
    numbers: Numbers = {}
    for _ in range(max(scale.rounds, 3)):
        with folder() as data:
            began = time.monotonic()
            subprocess.run(
                [*processes.CROWD, "--help"], env=processes.environment(data), check=True, stdout=subprocess.DEVNULL
            )
            _add(numbers, "", {"help_s": time.monotonic() - began})
            with crowd(data) as server:
                _add(
                    numbers,
                    "",
                    {"first_page_s": server.first_page(), "first_page_cpu_s": processes.cpu_seconds(server.pid)},
                )
    return numbers


def remembering(scale: Scale) -> Numbers:
    """Memory of an idle server, and of each worker who is connected and has a unit."""
    numbers: Numbers = {}
    for _ in range(min(scale.rounds, 3)):
        with folder() as data, launched(data, scale.held + 100) as server:
            server.first_page()
            time.sleep(2.0)
            idle = memory(server.pid)
            found = answer(helper("hold", server.url, "--workers", str(scale.held), "--server", str(server.pid)))
            _add(numbers, "", {"idle_mb": idle, "kb_per_worker": found["kb_per_worker"]})
    return numbers


def resuming(scale: Scale) -> Numbers:
    """After kill -9 under load: from the start of `crowd resume` to the first page and the first unit handed out."""
    numbers: Numbers = {}
    with folder() as data:
        with launched(data, scale.resume) as server:
            with _driven(server, scale.workers):
                os.kill(server.pid, signal.SIGKILL)
            port = server.port
        for turn in range(min(scale.rounds, 3)):
            with crowd(data, "resume", "--no-open", port=port) as server:
                page = server.first_page()
                _claim(server, f"resumed-{turn}")
                _add(numbers, "", {"page_s": page, "claim_s": time.monotonic() - server.born})
    return numbers


def _claim(server: Server, worker: str) -> None:
    body = json.dumps({"params": {"worker_id": worker}}).encode()
    request = Request(f"{server.url}api/v1/agents", body, {"content-type": "application/json"})  # noqa: S310
    with urlopen(request) as reply:  # noqa: S310 - our own server
        assert reply.status == 201


def _drive(server: Server, workers: int, each: int, prefix: str = "w") -> dict[str, float]:
    words = ["--workers", str(workers), "--each", str(each), "--prefix", prefix, "--server", str(server.pid)]
    found: dict[str, float] = answer(helper("drive", server.url, *words))
    return found


@contextmanager
def _driven(server: Server, workers: int) -> Iterator[None]:
    """The driver keeps the server busy for some seconds before and all the while."""
    words = ["--workers", str(workers), "--each", "1000000", "--prefix", "busy", "--server", str(server.pid)]
    driver = helper("drive", server.url, *words, quiet=True)
    try:
        time.sleep(3.0)
        if driver.poll() is not None:
            raise RuntimeError("the driver ended too early")
        yield
    finally:
        driver.kill()
        driver.wait()


def _add(numbers: Numbers, prefix: str, found: dict[str, float]) -> None:
    for name, value in found.items():
        numbers.setdefault(prefix + name, []).append(value)


def _ratio(numbers: Numbers, name: str, above: str, below: str) -> None:
    """Round by round: what disturbs the machine disturbs both of a pair."""
    numbers[name] = [a / b for a, b in zip(numbers[above], numbers[below], strict=True)]


ROWS = {
    "throughput": throughput, "size": size, "launching": launching, "starting": starting,
    "remembering": remembering, "resuming": resuming,
}  # fmt: skip


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]  # fmt: skip
    return {"cores": os.cpu_count(), "processor": names[0] if names else "", "load": os.getloadavg()[0]}
