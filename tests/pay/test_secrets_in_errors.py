"""What a platform's error says is kept and logged without the values of secret options."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.testing import Browserless, Machine, until
from tests.review.conftest import Task

KEY = "k3y/with+signs & 'quotes'"
OFFICE = """
from dataclasses import dataclass
from urllib.parse import quote

from crowdcore import RunError, hookimpl
from crowdcore.options import option


class Office:
    delivers = frozenset({"reward"})

    @dataclass(frozen=True, kw_only=True)
    class Options:
        key: str = option(help="Of the office's door", secret=True)

    @hookimpl
    def provider_pay(self, payment):
        %s
"""
RAISED = [
    "raise RunError(f'the office refused {self.options.key}: closed')",
    "raise ConnectionError(f'GET https://office.example/?key={quote(self.options.key, safe=str())}: closed')",
    "raise KeyError(self.options.key + ' closed')",
]


@pytest.mark.parametrize("raised", RAISED)
def test_neither_the_log_nor_the_outbox_nor_a_command_shows_a_secret(task: Task, tmp_path: Path, raised: str) -> None:
    machine: Machine = task(office=True)
    (tmp_path / "office.py").write_text(OFFICE % raised)
    machine.environment["OFFICE_KEY"] = KEY
    with machine.serve("run", "task.yaml") as served:
        Browserless(served.url, worker_id="w").enter().submit({"text": "hello"})
        served.expect("outbox reward .* is (failed|unknown)", stream="stderr")
        assert "closed" in served.stderr
        assert "k3y" not in served.stderr
        shown = until(lambda: said if "closed" in (said := machine.crowd("outbox", "t").stdout) else None)
    assert "k3y" not in shown
    assert "(secret)" in shown
    assert "k3y" not in machine.crowd("outbox", "t", "--json").stdout
    assert b"k3y" not in b"".join(path.read_bytes() for path in machine.data_dir.glob("crowd.db*"))
