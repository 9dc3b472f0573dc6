"""What a command asks of a run's platform and architect, beside the process that serves it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crowdcore.base.faults import described
from crowdcore.errors import CrowdError
from crowdcore.runs.server_look import balance, server_status
from crowdcore.work.stored import stored_context

if TYPE_CHECKING:
    from crowdcore.store import Database
    from crowdcore.store.queries.runs import RunRow


def ask_outside(database: Database, row: RunRow, served: bool) -> dict[str, str | None]:
    """What there is to say of `server` (of a run that is served) and `balance`; None where nobody says anything.

    Each says "unknown" and why, if the plugin is gone, or fails, or a secret is not set here.
    """
    return asyncio.run(_ask(database, row, served))


async def _ask(database: Database, row: RunRow, served: bool) -> dict[str, str | None]:
    said: dict[str, str | None] = {"server": None, "balance": None}
    try:
        context = await stored_context(database, row)
        hooks = context.hooks
        if served:
            said["server"] = await server_status(hooks)
        if hooks.has("provider_balance"):
            whole = await stored_context(database, row, secrets=True)
            await whole.hooks.provider_register()  # as before everything that is asked of a platform
            said["balance"] = await balance(whole.hooks, row.currency)
    except CrowdError as error:
        said["balance"] = f"unknown: {'; '.join(error.problems)}"
    except (Exception, SystemExit) as error:  # whatever a plugin may do that is half there
        said["balance"] = f"unknown: {described(error)}"
    return said
