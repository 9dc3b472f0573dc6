"""One fuzz from start to end: what is sent, what is printed, what counts as a fault."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz import flood_cases, http_cases, live_cases, raw_cases
from tests.fuzz.servers import Held, Server, served
from tests.fuzz.slow_cases import Slow
from tests.fuzz.surface import documents, shares

GROWTH = Held(memory=48, files=24, threads=16)
"""How much more a server may hold at the end than after a tenth of the cases: MB, descriptors, threads."""


def fuzz(cases: int, seeded: int, *, wells: int, slow: bool) -> list[str]:
    """Everything, against servers of its own; the faults. `wells`: successes that each operation must have."""
    began = time.monotonic()
    _say(f"seed {seeded}, {cases} cases")
    with tempfile.TemporaryDirectory(prefix="crowd-fuzz-") as folder, served(Path(folder), 2 * cases + 1000) as servers:
        known = documents(servers["form"])
        http_cases.run(servers, known, cases // 10, seeded + 1)  # to warm up: caches, threads, imports
        live_cases.run(servers, max(4, cases // 100), seeded + 1)
        before = {name: server.held() for name, server in servers.items()}
        dripping = Slow(servers["form"]) if slow else None
        if dripping is not None:
            dripping.start()
        tally = http_cases.run(servers, known, cases, seeded)
        sockets, live = live_cases.run(servers, max(20, cases // 20), seeded)
        raws, raw = raw_cases.run(servers["form"], connections=300)
        floods, flooded = flood_cases.run(servers["form"], max(4, cases // 200), seeded)
        faults = [*tally.faults, *live, *raw, *flooded]
        if dripping is not None:
            dripping.join(dripping.patience + 30)
            faults += dripping.faults
        for line in tally.lines():
            _say(line)
        _say("sockets: " + "  ".join(f"{end}: {n}" for end, n in sorted(sockets.items())))
        _say(f"raw: {raws} cases, floods: {floods}")
        for key in shares(cases):
            if tally.well(key) < wells:
                faults.append(f"{' '.join(key)}: {tally.well(key)} successes, {wells} are wanted")
        for name, server in servers.items():
            faults += _grown(name, server, before[name])
            if server.complaint():
                faults.append(f"{name} says: {server.complaint()}")
    for fault in faults:
        _say(f"FAULT {fault}")
    _say(f"{len(faults)} faults in {time.monotonic() - began:.0f} s; again: seed {seeded}")
    return faults


def _grown(name: str, server: Server, before: Held) -> list[str]:
    end = time.monotonic() + 60
    while True:  # connections that were dropped take a moment to be noticed
        now = server.held()
        more = Held(now.memory - before.memory, now.files - before.files, now.threads - before.threads)
        fits = more.memory <= GROWTH.memory and more.files <= GROWTH.files and more.threads <= GROWTH.threads
        if fits or time.monotonic() > end:
            break
        time.sleep(0.5)
    _say(f"{name}: {before.memory:.0f} → {now.memory:.0f} MB, {before.files} → {now.files} descriptors, "
         f"{before.threads} → {now.threads} threads")  # fmt: skip
    return [] if fits else [f"{name} grew: {before} → {now}"]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
