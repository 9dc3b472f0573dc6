"""A stored run and its plugins beside the process that serves it: results as review shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from crowdcore.base import paths
from crowdcore.errors import RunError
from crowdcore.store import open_database
from crowdcore.store.queries import agents, runs
from crowdcore.work import documents
from crowdcore.work.stored import stored_context

if TYPE_CHECKING:
    from crowdcore.store import Database
    from crowdcore.types import Agent
    from crowdcore.work.context import RunContext

T = TypeVar("T")


class Stored:
    """A stored run, with its plugins as they were at launch: `hooks` are those of `crowdcore.plugins.hooks`."""

    def __init__(self, db: Database, context: RunContext) -> None:
        self._db = db
        self._context = context
        self.hooks = context.hooks

    def agent(self, agent: int) -> Agent:
        """One agent as hooks see it; RunError if there is none of this id."""
        row = self._db.read(lambda c: agents.get(c, agent))
        if row is None:
            raise RunError(f"there is no agent {agent}")
        return self.ask(documents.view(self._context, row))

    def ask(self, question: Coroutine[Any, Any, T]) -> T:
        """The answer of a hook: `run.ask(run.hooks.blueprint_render(agent, "text"))`."""
        return asyncio.run(question)


@contextmanager
def stored(
    run: str | None = None, *, agent: int | None = None, data_dir: Path | None = None, db: str | None = None,
    secrets: bool = False,
) -> Iterator[Stored]:  # fmt: skip
    """Open a run by its name, or that of `agent` (default: the newest), beside its server or after it.

    With `secrets` the plugins get the values of secret options, as where a platform is asked.
    """
    database = open_database(paths.database_url(db), paths.data_dir(data_dir), create=False)
    try:
        found = None if agent is None else database.read(lambda c: agents.get(c, agent))
        if agent is not None and found is None:
            raise RunError(f"there is no agent {agent}")
        row = database.read(lambda c: runs.find(c, run) if found is None else runs.get(c, found.run_id))
        yield Stored(database, asyncio.run(stored_context(database, row, secrets=secrets)))
    finally:
        database.close()


def render(
    agent: int, format: Literal["html", "text"] = "text", *, data_dir: Path | None = None, db: str | None = None
) -> str:
    """What `blueprint_render` answers for an agent.

    RunError if there is no such agent; HookFailed if rendering fails.
    """
    with stored(agent=agent, data_dir=data_dir, db=db) as run:
        return run.ask(run.hooks.blueprint_render(run.agent(agent), format))
