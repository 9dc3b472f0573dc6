"""Progress in words: the plain lines of a run, its summary, and what remains of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crowdcore.base.quantities import format_duration, format_money

if TYPE_CHECKING:
    from crowdcore.runs.handle import RunHandle
    from crowdcore.work.counters import Counters


def line(run: RunHandle) -> str:
    """One line: launched, worked on, completed, expected end, money promised."""
    c = run.counters
    words = [
        f"{run.name}:", f"{c.open + c.done} launched,", f"{c.units['assigned']} worked on,",
        f"{c.done} completed,", f"{money(c)} promised",
    ]  # fmt: skip
    end = expected_end(c, run.started_at, time.time())
    if end is not None:
        words[-1] += f", done in about {format_duration(end)}"
    return " ".join(words)


def of_units(count: int) -> str:
    """ "1 unit", "2 units"."""
    return "1 unit" if count == 1 else f"{count} units"


def people(count: int) -> str:
    """ "1 person", "2 people"."""
    return "1 person" if count == 1 else f"{count} people"


def money(counters: Counters) -> str:
    """What the run has promised, with its currency."""
    return f"{format_money(counters.promised, counters.currency)} {counters.currency}"


def expected_end(counters: Counters, started: float, now: float) -> float | None:
    """Seconds until the open units are done at the pace so far; None before there is a pace."""
    elapsed = now - started
    if counters.done < 2 or elapsed <= 0 or not counters.open:
        return None
    return counters.open * elapsed / counters.done


def summary(run: RunHandle, reason: str) -> list[str]:
    """The last lines of a run that ended."""
    c = run.counters
    expired = f", {c.units['expired']} expired" if c.units["expired"] else ""
    return [
        f"{run.name} ended: {reason}.",
        f"{of_units(c.done)} completed{expired}; {format_money(c.owed, c.currency)} {c.currency} owed.",
        f"review:  crowd review go {run.name}",
        f"answers: crowd export {run.task} --format csv -o answers.csv",
    ]  # fmt: skip


def remains(run: RunHandle) -> list[str]:
    """What is left of a run that was interrupted, and the command that goes on."""
    c = run.counters
    return [
        f"{run.name} stopped: {of_units(c.units['launched'] + c.units['created'])} open, "
        f"{c.units['assigned']} in somebody's hands, {c.done} completed.",
        f"go on with: crowd resume {run.name}",
    ]
