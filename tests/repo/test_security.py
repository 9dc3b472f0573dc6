"""Every test that SECURITY.md names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_named_test_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / "SECURITY.md").read_text("utf-8"))
    assert len(named) > 20
    for file, test in named:
        path = ROOT / file
        assert path.exists(), file
        assert re.search(rf"^(async )?def {test}\(", path.read_text("utf-8"), re.MULTILINE), f"{file}::{test}"
