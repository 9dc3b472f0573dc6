"""A stored run, with its plugins, in a process that does not serve it: for export, simulation and review."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crowdcore.base import paths
from crowdcore.base.clock import SystemClock
from crowdcore.base.faults import described
from crowdcore.base.secret import derive, secret_key
from crowdcore.config.snapshot import reopen
from crowdcore.errors import RunError
from crowdcore.plugins import catalogue
from crowdcore.plugins.hooks import Hooks
from crowdcore.store import FileStore
from crowdcore.work.context import RunContext, provider_says
from crowdcore.work.service_clock import ServiceClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crowdcore.config import RunConfig
    from crowdcore.state import AgentState
    from crowdcore.store import Database
    from crowdcore.store.queries.runs import RunRow


class StoredServices:
    """The services behind `run` where nothing is served; fulfils `crowdcore.plugins.run.RunServices`."""

    def __init__(self, db: Database, row: RunRow, config: RunConfig) -> None:
        self.db = db
        self.run_id = row.id
        self.name = row.name
        self.config = config

    def serve(
        self, app: Any, *, host: str, port: int, ssl_certfile: Path | None, ssl_keyfile: Path | None,
        trusted_proxies: Sequence[str] = (),
    ) -> int:  # fmt: skip
        """Refuse: only the process that leads the run serves."""
        raise RunError(f"run {self.name} is not served by this process")

    def visit_returned(self, external_id: str) -> bool:
        """Refuse: only the process that leads the run ends work."""
        raise RunError(f"run {self.name} is not led by this process")

    def secret(self, label: str) -> bytes:
        """The same keys as in the serving process of this installation."""
        return derive(secret_key(paths.config_dir()), label)


async def stored_context(db: Database, row: RunRow, *, secrets: bool = False) -> RunContext:
    """The run as it was launched, from its stored configuration and the snapshot of its sources.

    `secrets`: with what hidden options refer to, for who talks to a platform.
    """
    folder = paths.run_folder(db.folder, row.name)
    config, plugins, _ = reopen(row, folder, secrets=secrets)
    services = StoredServices(db, row, config)
    facade_for = partial(plugins.facade, services)
    hooks = Hooks(plugins, facade_for)
    clock = SystemClock()
    return RunContext(
        db=db, run_id=row.id, task_id=row.task_id, name=row.name, config=config, hooks=hooks, clock=clock,
        service=ServiceClock(clock, row.service_time), files=FileStore(db.folder / "files"), folder=folder,
        provider=row.provider, currency=row.currency, state_class=await hooks.agent_state(),
        facade_for=facade_for, accepting=False, delivers=frozenset(provider_says(plugins, "delivers", ())),
    )  # fmt: skip


async def stored_state_class(db: Database, row: RunRow) -> tuple[type[AgentState] | None, str | None]:
    """The AgentState class of a run, and why the run as it was launched could not be asked (None: it could).

    What the class is, only blueprint, extensions and hooks.py say: where anything else is missing, it is done without.
    (None, why) if the class cannot be had.
    """
    why = None
    for config in (row.config, _without_others(row.config)):
        try:
            context = await stored_context(db, replace(row, config=config))
        except (Exception, SystemExit) as error:  # whatever a plugin may do that is half there
            why = why or described(error)
        else:
            context.hooks.close()
            return context.state_class, why
    return None, why


def _without_others(text: str) -> str:
    """A stored configuration with the default architect and provider, without live work and missing extensions."""
    document = json.loads(text)
    left_out = {"architect", "provider", "pairing"}
    config = {name: value for name, value in document["config"].items() if name not in left_out}
    installed = catalogue().names("extension")
    config["extensions"] = [name for name in config.get("extensions") or [] if name in installed or ".py:" in name]
    references = [(key, base) for key, base in document["references"] if key[0] not in left_out]
    return json.dumps({**document, "config": config, "references": references})
