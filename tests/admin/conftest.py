"""The run and the browser of tests/server: its requester's pages stand beside the workers'."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crowdcore import RunHandle
from crowdcore.store import Database, open_database
from tests.server.conftest import browser, data_dir, new_worker, run, secret, tab

__all__ = ["browser", "data_dir", "new_worker", "run", "secret", "tab"]


@pytest.fixture
def database(run: RunHandle, data_dir: Path) -> Iterator[Database]:
    """The database of the run, as a command opens it."""
    found = open_database(None, data_dir)
    yield found
    found.close()
