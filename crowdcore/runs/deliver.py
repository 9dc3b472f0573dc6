"""What a command does for a run that nobody serves: its listeners are told, and its outbox is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from crowdcore.base import paths
from crowdcore.errors import CrowdError
from crowdcore.pay.executor import Executor
from crowdcore.runs.feed import tell_listeners
from crowdcore.runs.lock import RunLock, ServedElsewhere, is_led
from crowdcore.status import LIVE_RUN
from crowdcore.store.queries import outbox, runs
from crowdcore.work.stored import stored_context

if TYPE_CHECKING:
    from crowdcore.store import Database
    from crowdcore.store.queries.runs import RunRow

SECONDS = 45.0
"""How long a command sends; what is left then waits for the next one."""
PATIENCE = 30.0
"""Seconds to wait for a process that has ended its run and is about to go."""


async def catch_up(database: Database, row: RunRow) -> list[str]:
    """Tell and send, under the lead of the run that the caller holds; one line for each thing that did not work."""
    problems: list[str] = []
    try:
        context = await stored_context(database, row)
        await tell_listeners(context)
        await Executor(context).forget_nothing()
        if waiting := database.read(lambda c: outbox.count_waiting(c, row.id, context.delivers)):
            problems += await _send(database, row, waiting)
    except CrowdError as error:  # its plugins or files are gone, perhaps
        problems += error.problems
    return problems


async def _send(database: Database, row: RunRow, waiting: int) -> list[str]:
    """The platform is asked as at launch: with secrets, and registered first."""
    context = await stored_context(database, row, secrets=True)
    await context.hooks.provider_register()
    doubtful = database.read(lambda c: outbox.count_in_doubt(c, row.id))
    left = await Executor(context).catch_up(SECONDS)
    doubtful = database.read(lambda c: outbox.count_in_doubt(c, row.id)) - doubtful
    said = [f"{row.name}: {doubtful} of {waiting} did not go through: crowd outbox {row.task}"] if doubtful else []
    return said + ([f"{row.name}: {left} wait to be sent: crowd outbox {row.task} --send"] if left else [])


async def catch_up_unserved(database: Database, row: RunRow) -> list[str]:
    """`catch_up` if nobody serves the run; a process that does notices by itself what there is to send."""
    folder = paths.run_folder(database.folder, row.name)
    ended = database.read(lambda c: runs.get(c, row.id)).status not in LIVE_RUN
    if not ended and is_led(folder):
        return []
    lock = RunLock(folder, row.name, row.id, database, brief=True, patience=PATIENCE if ended else 0.0)
    try:
        lock.acquire()
    except ServedElsewhere:  # which notices by itself too
        return []
    except CrowdError as error:
        return list(error.problems)
    try:
        return await catch_up(lock.database, row)
    finally:
        lock.release()


async def _waiting(database: Database, row: RunRow) -> int:
    """How many rows of the run its provider would send; 0 if its plugins are gone."""
    try:
        delivers = (await stored_context(database, row)).delivers
    except CrowdError:
        return 0
    return database.read(lambda c: outbox.count_waiting(c, row.id, delivers))


def deliver(database: Database, run_ids: Iterable[int]) -> list[str]:
    """Tell listeners and platforms of runs that nobody serves; a serving process does it by itself.

    One line for each thing that did not work; it waits in the outbox, and is sent with the next review or resume.
    """
    problems = []
    for run_id in sorted(run_ids):
        row = database.read(lambda c, run_id=run_id: runs.get(c, run_id))  # type: ignore[misc]
        problems += asyncio.run(catch_up_unserved(database, row))
    return problems


def waiting(database: Database, run: RunRow) -> int:
    """How many things wait to be sent to the run's platform; 0 for a provider that sends nothing."""
    if not database.read(lambda c: outbox.any_in(c, run.id, "intended")):
        return 0
    return asyncio.run(_waiting(database, run))
