"""The table: medians beside what is to be reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

Numbers = dict[str, list[float]]
"""By name, of each round."""


MISSED = "MISSED"
"""How the line of a number ends that does not reach its goal."""


@dataclass(frozen=True)
class Wanted:
    """One number of a row: how it is shown, and what it is to reach (`at_least` or `at_most`, if there is a goal)."""

    number: str
    text: str
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None


TABLE = {
    "throughput": [
        Wanted("floor_units_per_second", "bare floor: completed units", "/s"),
        Wanted("crowd_units_per_second", "completed units", "/s", at_least=600),
        Wanted("ratio_units_per_second", "  of the floor's", "x", at_least=0.4),
        Wanted("floor_server_cpu_us_per_unit", "bare floor: processor time per unit", "us"),
        Wanted("crowd_server_cpu_us_per_unit", "processor time per unit", "us"),
        Wanted("crowd_claim_p95_ms", "claim p95, {workers} workers that never pause", "ms", at_most=250),
        Wanted("crowd_submit_p95_ms", "submit p95", "ms", at_most=250),
    ],
    "size": [
        Wanted("small_units_per_second", "1,000 units in the database: completed", "/s"),
        Wanted("big_units_per_second", "{big:,} units in the database: completed", "/s"),
        Wanted("ratio_seconds_per_unit", "  times as long per unit", "x", at_most=1.2),
        Wanted("ratio_cpu_per_unit", "  times the processor time", "x"),
        Wanted("insert_p95_ms", "single insert of another process under load, p95", "ms", at_most=50),
    ],
    "launching": [
        Wanted("launch_s", "launch {launch:,} assignments of 2 units", "s", at_most=6),
        Wanted("peak_mb", "  most memory", "MB", at_most=150),
    ],
    "starting": [
        Wanted("help_s", "crowd --help", "s", at_most=0.25),
        Wanted("first_page_s", "crowd run to the first page", "s", at_most=1.0),
    ],
    "remembering": [
        Wanted("idle_mb", "idle server", "MB", at_most=110),
        Wanted("kb_per_worker", "per connected worker", "kB", at_most=60),
    ],
    "resuming": [
        Wanted("page_s", "resume after kill -9, {resume:,} open units: first page", "s", at_most=2.0),
        Wanted("claim_s", "  first unit handed out", "s", at_most=2.0),
    ],
}  # fmt: skip


def lines(row: Sequence[Wanted], numbers: Numbers, scale: object) -> Iterator[str]:
    """One line for each number of a row: the median over its rounds, and whether it is reached."""
    for wanted in row:
        value = median(numbers[wanted.number])
        text = wanted.text.format(**vars(scale))
        yield f"{text:<62} {_number(value):>9} {wanted.unit:<3} {_goal(wanted, value)}".rstrip()


def _goal(wanted: Wanted, value: float) -> str:
    if wanted.at_least is not None:
        return f">= {wanted.at_least:<6g} {'reached' if value >= wanted.at_least else MISSED}"
    if wanted.at_most is not None:
        return f"<= {wanted.at_most:<6g} {'reached' if value <= wanted.at_most else MISSED}"
    return ""


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"
