"""Tips of workers for other workers, as later ones are shown them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crowdcore.store.queries import comments

if TYPE_CHECKING:
    from crowdcore.store import Database

TIPS_AGE = 1.0
"""Seconds that a list of accepted tips may be old."""


class Tips:
    """The accepted tips of a task, read again when they are older than TIPS_AGE."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._read_at = float("-inf")

    async def texts(self, db: Database, task_id: int) -> list[str]:
        """What later workers are shown, newest first."""
        now = time.monotonic()  # real time: how stale memory may be is nothing that a test moves
        if now - self._read_at > TIPS_AGE:
            self._read_at = now
            self._texts = await db.aread(lambda c: comments.accepted_tips(c, task_id))
        return self._texts
