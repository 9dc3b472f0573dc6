"""Who is killed writes to a disk: an instant between a write and its confirmation is what chaos hopes to meet."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """A folder on the disk, not in memory."""
    return disk_path
