"""Procedures that answer, refuse and fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import crowdcore
from crowdcore import Run, hookimpl


@dataclass
class Args:
    """`items`: assignments to launch."""

    items: int = 1000


@dataclass
class Question:
    """What `typed` takes."""

    words: list[str]
    times: int = 1


@hookimpl
def blueprint_task_data(run: Run, start: int = 0) -> Iterator[dict[str, int]]:
    """`args.items` rows."""
    return ({"n": n} for n in range(start, run.args.items))


@crowdcore.procedure("echo")
def echo(args: Any) -> Any:
    """What was asked."""
    return args


@crowdcore.procedure("typed")
def typed(args: Question) -> Any:
    """The words, some times."""
    return {"words": args.words * max(0, min(args.times, 3))}


@crowdcore.procedure("fail")
def fail(args: Any) -> Any:
    """Never an answer."""
    raise KeyError("a fault of the author's")
