"""The end of a run that nobody serves: open work expires, listeners and the platform are told."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from crowdcore.base import paths
from crowdcore.errors import CrowdError, RunError
from crowdcore.live.unserved import conclude_finished, end_conversations
from crowdcore.runs.deliver import catch_up
from crowdcore.runs.lock import RunLock
from crowdcore.store.queries import agents, conversations, runs, units
from crowdcore.work.end import expire_agent
from crowdcore.work.stored import stored_context

if TYPE_CHECKING:
    from crowdcore.store import Conn, Database
    from crowdcore.store.queries.runs import RunRow

REASON = "ended on demand"


def expire_unserved(database: Database, row: RunRow) -> tuple[int, list[str]]:
    """End the run, whose lock is taken for it: units expired, and one line for each thing that did not work.

    ServedElsewhere if a process serves it after all, RunError if it is over already.
    """
    problems: list[str] = []
    with RunLock(paths.run_folder(database.folder, row.name), row.name, row.id, database, brief=True) as lock:
        database = lock.database
        if database.read(lambda c: conversations.any_in_run(c, row.id)):
            problems += asyncio.run(_conclude(database, row))
        expired = database.write(lambda c: _expire(c, row, time.time()))
        # Its plugins or files may be gone: the run is over all the same.
        problems += [f"not everybody was told: {problem}" for problem in asyncio.run(catch_up(database, row))]
    return expired, problems


async def _conclude(database: Database, row: RunRow) -> list[str]:
    """People who were done with others, and only had to submit, have submitted."""
    try:
        await conclude_finished(await stored_context(database, row))
    except CrowdError as error:
        return [f"people who were about to submit are not paid: {problem}" for problem in error.problems]
    return []


def _expire(conn: Conn, row: RunRow, now: float) -> int:
    """One transaction: agents and units expire, the run is finished. Returns units expired."""
    row = runs.get(conn, row.id)
    if row.status not in runs.RESUMABLE:  # its process came to the end a moment ago
        raise RunError(f"run {row.name} is {row.status} already")
    ids = agents.open_ids(conn, row.id)
    for agent_id in ids:
        agent = agents.get(conn, agent_id)
        assert agent is not None
        expire_agent(conn, agent, now)
    end_conversations(conn, row.id, now, REASON)
    expired = len(ids)
    while count := units.expire_free(conn, row.id, now, reason=REASON):
        expired += count
    if row.status != "draining":
        runs.move(conn, row.id, "draining", now, actor="operator", reason=REASON)
    runs.move(conn, row.id, "finished", now, actor="operator", reason=REASON)
    return expired
