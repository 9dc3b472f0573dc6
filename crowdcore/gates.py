"""What stands between a worker and a unit: small named steps, asked in this order.

A step that needs no unit is a `Gate`; extensions add theirs with `register_gates`. Caps are counted
again in the transaction of the claim, where nobody else can count at the same time.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from crowdcore.errors import ConfigError, RequestError
from crowdcore.store import agents
from crowdcore.types import Refusal

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.context import RunContext
    from crowdcore.facade import Run
    from crowdcore.store.sql import Conn
    from crowdcore.types import Worker

log = logging.getLogger("crowdcore.gates")


class Gate(Protocol):
    """An extension's own step: `name` for the operator, and a check that needs no unit."""

    name: str

    def check(self, run: Run, worker: Worker) -> Refusal | None:
        """A Refusal with the text the worker reads, or None to let them pass."""


def check(config: RunConfig) -> None:
    """Refuse a launch whose gates would not be asked; ConfigError with a line for each."""
    unasked: dict[str, object] = {
        "qualifications": [], "block_qualification": None, "allow_list": None, "block_list": None,
        "max_units_per_worker_per_run": 0, "max_units_per_worker_per_day": 0, "onboarding": None,
        "screening": None, "gold": None, "after_task": None,
    }  # fmt: skip
    problems = [
        f"gates.{key}: this version has no such gate; leave it out of task.yaml"
        for key, unset in unasked.items()
        if getattr(config.gates, key) != unset
    ]
    if problems:
        raise ConfigError.many(problems)


def blocked(reason: str | None) -> None:
    """Refuse a blocked worker. The reason is the operator's and is not shown."""
    if reason is not None:
        raise RequestError(403, "blocked", "You can't take part in this task. If you think this is a mistake, "
                           "please write to the people who invited you.")  # fmt: skip


async def added(context: RunContext, worker: Worker) -> None:
    """Ask the steps that extensions added, in order. One that raises refuses: nobody gets in by an error."""
    for plugin, gate in context.extra_gates:
        try:
            refusal: object = await asyncio.to_thread(gate.check, context.facade_for(plugin), worker)
            if not isinstance(refusal, Refusal | None):
                raise TypeError(f"check answered {refusal!r}, which is neither a Refusal nor None")
        except Exception:
            log.exception("gate %s of plugin %s failed for worker %s", gate.name, plugin, worker.name)
            raise RequestError(403, "not_qualified", "We could not check whether you may take part. "
                               "Please try again later.") from None  # fmt: skip
        if refusal is not None:
            raise RequestError(403, "not_qualified", refusal.text)


def caps(conn: Conn, config: RunConfig, run_id: int, task_id: int, worker_id: int) -> None:
    """Refuse a worker who has as many units as the task allows, open or over all runs of the task."""
    task = config.task
    most = task.max_open_units_per_worker
    if most and agents.open_count(conn, run_id, worker_id) >= most:
        raise RequestError(409, "too_many_open", "You have other work open here. Please finish it or give it back "
                           "first; then come back to this page.")  # fmt: skip
    if task.max_units_per_worker and agents.task_count(conn, task_id, worker_id) >= task.max_units_per_worker:
        raise share_done()


def share_done() -> RequestError:
    """The refusal for somebody who has done all they may do here."""
    return RequestError(409, "too_many_units", "You have done everything you may do in this task. Thank you!")
