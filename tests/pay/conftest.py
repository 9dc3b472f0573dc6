"""What is decided in tests/review is what is sent here: the same task and the same people."""

from __future__ import annotations

from tests.review.conftest import submit, task

__all__ = ["submit", "task"]
