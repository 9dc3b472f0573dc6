"""What people submitted, as whoever reviews it reads it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crowdcore.errors import RunError
from crowdcore.store.queries import agents, runs

if TYPE_CHECKING:
    from crowdcore.store import Database
    from crowdcore.store.queries.reviews import Work
    from crowdcore.work.context import RunContext


class Results:
    """What people submitted, as text, by the plugins that each run was launched with."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._contexts: dict[int, RunContext] = {}

    def text(self, work: Work) -> str:
        """One result; CrowdError if the blueprint cannot render it or is not installed."""
        return asyncio.run(self._text(work))

    async def _text(self, work: Work) -> str:
        from crowdcore.work import documents  # these bring the run's plugins
        from crowdcore.work.stored import stored_context

        context = self._contexts.get(work.run_id)
        if context is None:
            run = self._database.read(lambda c: runs.get(c, work.run_id))
            context = self._contexts[work.run_id] = await stored_context(self._database, run)
        row = self._database.read(lambda c: agents.get(c, work.agent_id))
        if row is None:
            raise RunError(f"there is no agent {work.agent_id}")
        return await context.hooks.blueprint_render(await documents.view(context, row), "text")
