"""`make fuzz`: hostile input against real servers. Ends with 1 if anything was wrong."""

from __future__ import annotations

import argparse
import random
import sys

from tests.fuzz.whole import fuzz


def main() -> int:
    """Read the command line, fuzz, say how it went."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="requests made from the OpenAPI documents")
    parser.add_argument("--seed", type=int, default=None, help="the same requests again; default: another each time")
    given = parser.parse_args()
    seed = random.randrange(10**6) if given.seed is None else given.seed
    return 1 if fuzz(given.cases, seed, wells=given.cases // 100, slow=True) else 0


if __name__ == "__main__":
    sys.exit(main())
