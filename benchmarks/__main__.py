"""`python -m benchmarks`: measure, print the table, write JSON. `--quick` takes a minute."""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import time
from pathlib import Path

from benchmarks.rows import FULL, QUICK, ROWS, Numbers, machine
from benchmarks.table import lines


def main() -> None:
    """Measure the rows asked for; the numbers of all rounds go into a JSON file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: about a minute")
    parser.add_argument("--json", type=Path, default=Path("benchmark-results.json"), help="where the numbers go")
    words = parser.parse_args()
    unknown = [row for row in words.rows if row not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    scale = QUICK if words.quick else FULL
    found: dict[str, Numbers] = {}
    facts = {
        **machine(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
        "date": time.strftime("%Y-%m-%d"), "quick": words.quick,
    }  # fmt: skip
    print(" · ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    for row in words.rows or ROWS:
        found[row] = ROWS[row](scale)
        for line in lines(row, found[row], scale):
            print(line, flush=True)
    words.json.write_text(json.dumps({"machine": facts, "rows": found}, indent=1) + "\n")
    print(f"written to {words.json}")


if __name__ == "__main__":
    main()
