"""`crowd simulate`: rehearse a run with workers that answer by themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from crowdcore.base import paths
from crowdcore.cli.common import open_store, say
from crowdcore.errors import RunError
from crowdcore.store.queries import runs

if TYPE_CHECKING:
    from crowdcore.runs.simulate import Tally
    from crowdcore.store import Database
    from crowdcore.store.queries.runs import RunRow


@click.command()
@click.argument("run")
@click.option("--workers", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many at once.")
@click.option("--units", type=click.IntRange(0), default=0, show_default=True,
              help="Units each of them does; 0: until there are no more.")  # fmt: skip
@click.option("--prefix", default="sim", show_default=True, help="Their names are PREFIX-1, PREFIX-2, …")
def simulate(run: str, workers: int, units: int, prefix: str) -> None:
    """Let simulated workers work on RUN through its real pages' API.

    What they do is marked as simulated: it is left out of exports and nobody is owed for it.
    """
    with open_store() as database:
        row = database.read(lambda c: runs.find(c, run, statuses=("running", "launching")))
        if row.url is None:
            raise RunError(f"run {row.name} is not served yet; `crowd status {row.name}` tells when it is")
        tally = asyncio.run(_simulate(database, row, workers, units, prefix))
    say(f"{tally.submitted} units submitted by {workers} simulated workers")
    for code, count in sorted(tally.refusals.items()):
        say(f"  {count} × {code}")


async def _simulate(database: Database, row: RunRow, workers: int, units: int, prefix: str) -> Tally:
    from crowdcore.base.secret import secret_key
    from crowdcore.runs.simulate import Plan
    from crowdcore.runs.simulate import simulate as work
    from crowdcore.server.tokens import simulation_pass
    from crowdcore.work.stored import stored_context

    assert row.url is not None
    context = await stored_context(database, row)
    passport = simulation_pass(secret_key(paths.config_dir()), row.identity)
    return await work(context, row.url, passport, Plan(workers, units, prefix))
