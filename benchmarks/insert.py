"""What a command does beside a busy server: single inserts from another process, through the store.

`python -m benchmarks.insert DATA_DIR --count 200` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from benchmarks.drive import percentile
from crowdcore.store import open_database
from crowdcore.store.queries import events

PAUSE = 0.02
"""Seconds between two inserts: people type slower."""


def main() -> None:
    """Insert, each time in a transaction of its own, and tell how long each took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=200)
    words = parser.parse_args()
    database = open_database(None, words.data, create=False)
    seconds = []
    for _ in range(words.count):
        began = time.perf_counter()
        database.write(lambda c: events.append(c, None, time.time(), "benchmark", "operator", []))
        seconds.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    database.close()
    print(json.dumps({"insert_p50_ms": percentile(seconds, 50), "insert_p95_ms": percentile(seconds, 95)}))


if __name__ == "__main__":
    main()
