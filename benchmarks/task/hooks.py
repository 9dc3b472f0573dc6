"""Task data from a generator: one form per item, each a little different."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crowdcore import Run, hookimpl

FORM = json.loads((Path(__file__).parent / "form.json").read_text())


@dataclass
class Args:
    """`items`: assignments to launch."""

    items: int = 1000


@hookimpl
def blueprint_task_data(run: Run, start: int = 0) -> Iterator[dict[str, Any]]:
    """`args.items` forms, the letter's number in the title."""
    form = copy.deepcopy(FORM)
    for ordinal in range(start, run.args.items):
        form["title"] = f"Letter {ordinal}"
        yield {"form": form}
