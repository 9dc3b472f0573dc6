"""A machine with a task on it whose provider is an office: it writes down, line by line, what it is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from crowdcore.store import open_database
from crowdcore.testing import Browserless, Machine, until

OFFICE = """
import os
from dataclasses import dataclass
from pathlib import Path

from crowdcore import RunError, hookimpl
from crowdcore.options import option

TASK = Path(os.environ["OFFICE"])


class Office:
    delivers = frozenset({"reward", "bonus", "approve", "reject", "message"})
    known = False

    @dataclass(frozen=True, kw_only=True)
    class Options:
        key: str = option(help="Of the office's door", secret=True)

    @hookimpl
    def provider_register(self):
        self.known = self.options.key == "let me in"

    def note(self, line):
        if (TASK / "closed").exists() or not self.known:
            raise RunError("the office is closed")
        if (TASK / "vague").exists():
            raise ConnectionError("the line went dead")
        with (TASK / "office.txt").open("a") as file:
            file.write(line + "\\n")
        if (TASK / "die").exists():
            os._exit(9)

    @hookimpl
    def provider_approve(self, visit):
        self.note(f"approve {visit.external_id}")

    @hookimpl
    def provider_reject(self, visit, reason):
        self.note(f"reject {visit.external_id}: {reason}")

    @hookimpl
    def provider_pay(self, payment):
        self.note(f"pay {payment.worker.name} {payment.amount} for {payment.reason}")
        return "paid"

    @hookimpl
    def provider_message(self, worker, text):
        self.note(f"tell {worker.name}: {text}")
"""

HEARD = """
import os
from pathlib import Path

from crowdcore import hookimpl


@hookimpl
def on_unit_reviewed(event):
    with (Path(os.environ["OFFICE"]) / "heard.txt").open("a") as file:
        file.write(f"{event.unit.id} {event.status} {event.worker.name} {event.note}\\n")
"""

Task = Callable[..., Machine]


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """`task(assignments=4, office=True, gates={…})` writes a task `t` at 0.50 a unit; a listener hears of reviews."""

    def write(*, office: bool = False, assignments: int = 4, **sections: Any) -> Machine:
        machine = Machine(tmp_path)
        machine.environment |= {"OFFICE": str(tmp_path), "OFFICE_KEY": "let me in"}
        document = {
            "task": {"name": "t", "reward": "0.50"},
            "blueprint": {"type": "mock", "num_assignments": assignments},
            "architect": {"type": "local", "port": 0}, "hooks": "hooks.py", **sections,
        }  # fmt: skip
        if office:
            document["provider"] = {"type": "./office.py:Office", "key": "${oc.env:OFFICE_KEY}"}
        (tmp_path / "office.py").write_text(OFFICE)
        (tmp_path / "hooks.py").write_text(HEARD)
        (tmp_path / "task.yaml").write_text(yaml.safe_dump(document))
        return machine

    return write


@pytest.fixture
def submit() -> Callable[..., list[Browserless]]:
    """`submit(url, "x", "y", place="A")`: each of these people works on one unit; their pages."""

    def work(url: str, *names: str, **params: str) -> list[Browserless]:
        pages = []
        for name in names:
            pages.append(Browserless(url, worker_id=name, **params).enter())
            assert pages[-1].submit({"text": "done"}).is_success, pages[-1].reply.text
        return pages

    return work


def lines(folder: Path, name: str) -> list[str]:
    """What was written down so far."""
    path = folder / name
    return path.read_text().splitlines() if path.exists() else []


def paid(machine: Machine, count: int) -> None:
    """Wait until so many rewards are settled, so that the server can be killed without any in doubt."""
    database = open_database(None, machine.data_dir, create=False)
    settled = "SELECT count(*) FROM outbox WHERE state = 'confirmed'"
    try:
        until(lambda: database.read(lambda c: c.value(settled)) >= count)
    finally:
        database.close()
