"""Task data for the attacks, and an AgentState that sleeps for one of its workers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueprint_form.state import FormState

from crowdcore import AgentState, Run, hookimpl

FORM = json.loads((Path(__file__).parents[1] / "task" / "form.json").read_text())
FIELDS = 40
ASLEEP = "asleep"
"""What the draft of the worker says for whom the author's code sleeps."""


@dataclass
class Args:
    """`items`: assignments to launch; `make`: what they are like."""

    items: int = 20_000
    make: str = "plain"


@dataclass
class Sleeper(FormState):
    """Sleeps for a minute when it is asked for the page of one particular worker."""

    def get_init_state(self) -> dict[str, Any]:
        """The form, sooner or later."""
        if self.init.get("metadata", {}).get(ASLEEP):
            time.sleep(60)
        return super().get_init_state()


@hookimpl
def agent_state(run: Run) -> type[AgentState]:
    """The state that sleeps, where the run is about that."""
    return Sleeper if run.args.make == ASLEEP else FormState


@hookimpl
def blueprint_task_data(run: Run, start: int = 0) -> Iterator[dict[str, Any]]:
    """`args.items` forms; every tenth of a run about sleep makes the author's code sleep."""
    form = FORM if run.args.make != "patterns" else _patterns()
    for ordinal in range(start, run.args.items):
        yield {"form": form, "metadata": {ASLEEP: run.args.make == ASLEEP and ordinal % 10 == 0}}


def _patterns() -> dict[str, Any]:
    fields = [
        {"type": "input", "name": f"f{n}", "label": f"Letters {n}", "validators": {"regexp": "^(a+)+$"}}
        for n in range(FIELDS)
    ]
    rows = [{"fields": [field]} for field in fields]
    sections = [{"name": "s", "title": "Letters", "fieldsets": [{"title": "", "rows": rows}]}]
    return {"title": "Letters", "sections": sections, "submit_button": {"text": "Send"}}
