"""`python -m benchmarks.live`: how live work holds out, measured like the other rows; fails below the goals.

Every row starts a server of its own and the driver (`live_drive.py`) as a process beside it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes
from benchmarks.command import measure
from benchmarks.processes import Server, answer, crowd, helper
from benchmarks.rows import folder
from benchmarks.table import Numbers, Wanted

TASK = Path(__file__).parent / "live_task" / "task.yaml"
LONES = 30


@dataclass(frozen=True)
class Scale:
    """How much is measured: rounds of each row, pairs, seconds of talk, idle sockets, arrivals, pairings."""

    rounds: int
    pairs: int
    seconds: int
    flood: int
    sockets: int
    arrivals: int
    couples: int


FULL = Scale(rounds=3, pairs=500, seconds=20, flood=250, sockets=2000, arrivals=1000, couples=60)
QUICK = Scale(rounds=1, pairs=200, seconds=6, flood=150, sockets=600, arrivals=300, couples=20)

TABLE = {
    "talking": [
        Wanted("p50_ms", "{pairs} pairs, each person a message every 2 s: to the partner, p50", "ms", at_most=15),
        Wanted("p99_ms", "  p99", "ms", at_most=60),
        Wanted("messages_per_second", "  messages", "/s"),
        Wanted("server_share", "  of one core", "x"),
        Wanted("faults", "  lost, twice or out of order", "", at_most=0),
    ],
    "flooding": [
        Wanted("messages_per_second", "the most that is relayed ({flood} pairs that never pause)", "/s", at_least=1500),
        Wanted("server_cpu_us", "  processor time per message", "us"),
        Wanted("faults", "  lost, twice or out of order", "", at_most=0),
    ],
    "idling": [
        Wanted("kb_per_socket", "{sockets:,} idle sockets, in conversations: memory for each", "kB", at_most=60),
        Wanted("before_mb", "  beside a server of", "MB"),
        Wanted("faults", "  surprises", "", at_most=0),
    ],
    "arriving": [
        Wanted("seated_s", "{arrivals:,} people at once: the last one's conversation begins after", "s", at_most=3),
        Wanted("server_cpu_ms", "  processor time of each", "ms"),
        Wanted("faults", "  surprises", "", at_most=0),
    ],
    "meeting": [
        Wanted("most_ms", "beside {pairs} pairs: two present people wait at most", "ms", at_most=100),
        Wanted("p50_ms", "  p50", "ms"),
        Wanted("faults", "  surprises", "", at_most=0),
    ],
    "timing_out": [
        Wanted("late_most_ms", "beside {pairs} pairs: a pairing timeout is late by at most", "ms", at_most=250),
        Wanted("late_p50_ms", "  p50", "ms"),
        Wanted("early_ms", "  or early", "ms", at_most=1),
        Wanted("faults", "  surprises", "", at_most=0),
    ],
    "closing": [
        Wanted("closed_most_ms", "beside {pairs} pairs: a closed tab is known after at most", "ms", at_most=1000),
        Wanted("gone_most_ms", "  a killed browser", "ms", at_most=1000),
        Wanted("faults", "  surprises", "", at_most=0),
    ],
}  # fmt: skip


def talking(scale: Scale) -> Numbers:
    """How long a message takes to the partner, at the pace of people."""
    return _rounds(scale, "talk", "--pairs", scale.pairs, "--seconds", scale.seconds)


def flooding(scale: Scale) -> Numbers:
    """Messages per second when nobody pauses."""
    return _rounds(scale, "flood", "--pairs", scale.flood, "--seconds", scale.seconds / 2)


def idling(scale: Scale) -> Numbers:
    """Memory of a connected person."""
    return _rounds(scale, "idle", "--pairs", scale.sockets // 2)


def arriving(scale: Scale) -> Numbers:
    """Everybody comes at once."""
    return _rounds(scale, "arrive", "--pairs", scale.arrivals // 2)


def meeting(scale: Scale) -> Numbers:
    """How long two wait who could begin."""
    return _rounds(scale, "meet", "--pairs", scale.pairs, "--couples", scale.couples)


def timing_out(scale: Scale) -> Numbers:
    """How exact a pairing timeout is."""
    alone = ("hooks=lone.py", "pairing.timeout=3s", "pairing.on_timeout=launch_reduced")
    return _rounds(scale, "overdue", "--pairs", scale.pairs, "--couples", LONES, task=alone)


def closing(scale: Scale) -> Numbers:
    """How soon a partner knows that somebody is gone."""
    return _rounds(scale, "close", "--pairs", scale.pairs, "--couples", scale.couples)


def _rounds(scale: Scale, action: str, *words: object, task: tuple[str, ...] = ()) -> Numbers:
    """The driver's numbers of so many rounds, each with a server and a database of its own."""
    numbers: Numbers = {}
    for _ in range(scale.rounds):
        with _server(task) as server:
            options = ["--server", str(server.pid), *(str(word) for word in words)]
            found = answer(helper("live_drive", action, server.url, *options))
        faults = found.pop("faults")
        for fault in faults:
            print(f"  {action}: {fault}", file=sys.stderr)
        for name, value in {**found, "faults": len(faults)}.items():
            numbers.setdefault(name, []).append(value)
    return numbers


@contextmanager
def _server(words: tuple[str, ...]) -> Iterator[Server]:
    """A served run with all its units launched."""
    port = processes.free_port()
    run = ("run", str(TASK), "--no-open", f"architect.port={port}", *words)
    with folder() as data, crowd(data, *run, port=port) as server:
        server.first_page()
        processes.wait_launched(server, data, 3000)
        time.sleep(0.5)
        yield server


ROWS = {
    "talking": talking, "flooding": flooding, "idling": idling, "arriving": arriving, "meeting": meeting,
    "timing_out": timing_out, "closing": closing,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(0 if measure("python -m benchmarks.live", ROWS, TABLE, FULL, QUICK, "benchmark-live-results.json") else 1)
