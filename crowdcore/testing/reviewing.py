"""A result as review shows it, for tests of blueprints."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crowdcore import documents, paths
from crowdcore.errors import RunError
from crowdcore.offline import offline_context
from crowdcore.store import agents, open_database, runs

if TYPE_CHECKING:
    from crowdcore.store import Database


def render(
    agent: int, format: Literal["html", "text"] = "text", *, data_dir: Path | None = None, db: str | None = None
) -> str:
    """What `blueprint_render` answers for an agent, from the stored run and the snapshot of its sources.

    Works beside a served run and after it. RunError if there is no such agent; HookFailed if rendering fails.
    """
    database = open_database(paths.database_url(db), paths.data_dir(data_dir), create=False)
    try:
        return asyncio.run(_render(database, agent, format))
    finally:
        database.close()


async def _render(database: Database, agent: int, format: Literal["html", "text"]) -> str:
    row = await database.aread(lambda c: agents.get(c, agent))
    if row is None:
        raise RunError(f"there is no agent {agent}")
    context = await offline_context(database, await database.aread(lambda c: runs.get(c, row.run_id)))
    return await context.hooks.blueprint_render(await documents.view(context, row), format)
