"""The run and the browser of tests/server: its requester's pages stand beside the workers'."""

from __future__ import annotations

from tests.server.conftest import browser, new_worker, run, secret, tab

__all__ = ["browser", "new_worker", "run", "secret", "tab"]
