"""`python -m benchmarks.attacks`: what an innocent worker notices while somebody attacks; fails above the goals.

Each row serves a run of its own. The innocent worker enters, stores a draft and submits, again and again, first alone
and then beside the attack: the number is how much longer 95 of 100 of these calls take at most.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import processes
from benchmarks.command import measure
from benchmarks.processes import Server, answer, crowd, helper
from benchmarks.rows import folder
from benchmarks.table import Numbers, Wanted

TASK = Path(__file__).parent / "attack_task" / "task.yaml"
LIVE = Path(__file__).parent / "live_task" / "task.yaml"
MOST_TIMES = 3.0


@dataclass(frozen=True)
class Scale:
    """How much is measured: rounds of each row, seconds of each phase."""

    rounds: int
    seconds: float


FULL = Scale(rounds=3, seconds=10)
QUICK = Scale(rounds=1, seconds=4)

ATTACKS = {
    "bodies": ("16 MB of `[],` to the door, without a token", ()),
    "small": ("as many values as 60 kB hold, to the door", ()),
    "drafts": ("drafts as large as they may be, stored and read", ()),
    "submissions": ("a large submission, repeated", ()),
    "uploads": ("floods of files, of work that is refused", ()),
    "claims": ("one address claims all there is", ()),
    "patterns": ("24 people, 40 fields of a pattern that backtracks", ("args.make=patterns",)),
    "sleep": ("the author's code sleeps for one in ten", ("args.make=asleep",)),
    "reconnects": ("a chatter who reconnects to say more", ("live",)),
}  # fmt: skip
"""Name → what it is, and the words of the run (`live`: the live task)."""

TABLE = {
    name: [
        Wanted("quiet_p95_ms", f"{text}: a call before it, p95", "ms"),
        Wanted("attacked_p95_ms", "  beside it", "ms"),
        Wanted("times", "  times as long", "x", at_most=MOST_TIMES),
        Wanted("refused", "  calls of the innocent worker that were refused", "", at_most=0),
        Wanted("attempts_per_second", "  attempts of the attacker", "/s"),
    ]
    for name, (text, _) in ATTACKS.items()
}  # fmt: skip


def attacked(name: str, scale: Scale) -> Numbers:
    """The innocent worker's numbers of so many rounds, each with a server and a database of its own."""
    numbers: Numbers = {}
    for _ in range(scale.rounds):
        with _server(ATTACKS[name][1]) as server:
            found = answer(helper("attack_drive", name, server.url, "--seconds", str(scale.seconds)))
        for number, value in found.items():
            numbers.setdefault(number, []).append(value)
    return numbers


@contextmanager
def _server(words: tuple[str, ...]) -> Iterator[Server]:
    port = processes.free_port()
    live = words == ("live",)
    run = ("run", str(LIVE if live else TASK), "--no-open", f"architect.port={port}", *(() if live else words))
    with folder() as data, crowd(data, *run, port=port) as server:
        server.first_page()
        processes.wait_launched(server, data, 3000)
        yield server


ROWS = {name: partial(attacked, name) for name in ATTACKS}

if __name__ == "__main__":
    reached = measure("python -m benchmarks.attacks", ROWS, TABLE, FULL, QUICK, "benchmark-attacks-results.json")
    sys.exit(0 if reached else 1)
