"""The same form for every item."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crowdcore import Run, hookimpl


@dataclass
class Args:
    """`items`: assignments to launch."""

    items: int = 1000


@hookimpl
def blueprint_task_data(run: Run, start: int = 0) -> Iterator[dict[str, Any]]:
    """`args.items` forms."""
    form = json.loads((Path(__file__).parent / "form.json").read_text())
    return ({"form": form} for _ in range(start, run.args.items))
