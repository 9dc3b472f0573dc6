"""A command that measures: the rows asked for, their table, and a JSON file of all rounds."""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.rows import machine
from benchmarks.table import MISSED, Numbers, Wanted, lines

S = TypeVar("S")


def measure(
    program: str, rows: Mapping[str, Callable[[S], Numbers]], table: Mapping[str, Sequence[Wanted]], full: S, quick: S,
    file: str,
) -> bool:  # fmt: skip
    """Read the command line, measure, print and write; whether every goal was reached."""
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(rows)}; all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: about a minute")
    parser.add_argument("--json", type=Path, default=Path(file), help="where the numbers go")
    words = parser.parse_args()
    unknown = [row for row in words.rows if row not in rows]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; there are {', '.join(rows)}")
    scale = quick if words.quick else full
    facts = {
        **machine(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
        "date": time.strftime("%Y-%m-%d"), "quick": words.quick,
    }  # fmt: skip
    print(" · ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    found: dict[str, Numbers] = {}
    reached = True
    for row in words.rows or rows:
        found[row] = rows[row](scale)
        for line in lines(table[row], found[row], scale):
            print(line, flush=True)
            reached = reached and not line.endswith(MISSED)
    words.json.write_text(json.dumps({"machine": facts, "rows": found}, indent=1) + "\n")
    print(f"written to {words.json}")
    return reached
