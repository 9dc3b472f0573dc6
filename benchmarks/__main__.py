"""`python -m benchmarks`: measure, print the table, write JSON. `--quick` takes a minute."""

from benchmarks.command import measure
from benchmarks.rows import FULL, QUICK, ROWS
from benchmarks.table import TABLE

if __name__ == "__main__":
    measure("python -m benchmarks", ROWS, TABLE, FULL, QUICK, "benchmark-results.json")
