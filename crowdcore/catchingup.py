"""What a command does for a run that nobody serves: its listeners are told, and its outbox is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore import paths
from crowdcore.errors import CrowdError
from crowdcore.feed import tell_listeners
from crowdcore.lock import RunLock, is_led
from crowdcore.offline import offline_context
from crowdcore.outbox import Executor

if TYPE_CHECKING:
    from crowdcore.store import Database
    from crowdcore.store.runs import RunRow


async def catch_up(database: Database, row: RunRow) -> list[str]:
    """Tell and send, under the lead of the run that the caller holds; one line for each thing that did not work."""
    try:
        context = await offline_context(database, row)
        await Executor(context).catch_up()
        await tell_listeners(context)
    except CrowdError as error:  # its plugins or files are gone, perhaps
        return list(error.problems)
    return []


async def catch_up_unserved(database: Database, row: RunRow) -> list[str]:
    """`catch_up` if nobody leads the run; the process that does has noticed by itself."""
    folder = paths.run_folder(database.folder, row.name)
    if is_led(folder):
        return []
    try:
        lock = RunLock(folder, row.name, row.id, database, brief=True).acquire()
    except CrowdError:  # somebody took the lead this moment
        return []
    try:
        return await catch_up(database, row)
    finally:
        lock.release()
