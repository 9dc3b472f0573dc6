"""`crowd runs`, `crowd status`, `crowd stop`, `crowd set`: what other processes serve, seen and steered."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from crowdcore.base import paths
from crowdcore.base.quantities import format_money
from crowdcore.cli.common import open_store, say, say_json, when
from crowdcore.errors import ConfigError, RunError
from crowdcore.runs.lock import is_led
from crowdcore.runs.report import people
from crowdcore.runs.watch import troubles_in
from crowdcore.status import LIVE_RUN
from crowdcore.store.queries import agents, runs, units
from crowdcore.work.counters import Counters

if TYPE_CHECKING:
    from decimal import Decimal

    from crowdcore.store import Conn, Database
    from crowdcore.store.queries.runs import RunRow


def is_served(row: RunRow) -> bool:
    """Whether a process of this machine serves the run now."""
    return is_led(paths.run_folder(paths.data_dir(), row.name))


def state_of(row: RunRow) -> str:
    """The status in words: a live run that nobody serves was interrupted."""
    if row.status in LIVE_RUN and not is_served(row):
        return "interrupted"
    return row.status


@click.command("runs")
@click.argument("task", required=False)
@click.option("--json", "as_json", is_flag=True, help="JSON, one array.")
def runs_(task: str | None, as_json: bool) -> None:
    """List runs, newest first."""
    with open_store() as database:
        rows = database.read(lambda c: runs.newest(c, task=task, limit=200))
        counts = database.read(lambda c: {r.id: units.counts(c, r.id) for r in rows})
    if as_json:
        say_json([{**document(r), "units": counts[r.id]} for r in rows])
        return
    if not rows:
        say("no runs yet: crowd run TASK launches one")
    for row in rows:
        done = sum(counts[row.id].get(s, 0) for s in ("completed", "accepted", "soft_rejected", "rejected"))
        total = sum(counts[row.id].values())
        say(f"{row.name:<28} {state_of(row):<12} {done:>6}/{total:<6} {when(row.created_at)}  {row.url or ''}")


def document(row: RunRow) -> dict[str, Any]:
    """A run as JSON values; times are seconds since the epoch."""
    return {
        "run": row.name, "task": row.task, "status": state_of(row), "reason": row.reason, "url": row.url,
        "provider": row.provider, "created_at": row.created_at, "launched_at": row.launched_at,
        "ended_at": row.ended_at, "config_hash": row.config_hash, "plugins": row.plugins,
    }  # fmt: skip


@click.command()
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="JSON, one object.")
def status(run: str | None, as_json: bool) -> None:
    """Show how RUN (default: the newest) is doing."""
    with open_store() as database:
        row = database.read(lambda c: runs.find(c, run))
        config = json.loads(row.config)["config"]
        counters = database.read(lambda c: _counters(c, row, config["task"]["reward"]))
        served = state_of(row) in LIVE_RUN
        troubles = troubles_in(paths.troubles_file(database.folder, row.name)) if served else {}
        outside = _outside(database, row, served)
    if as_json:
        say_json({**document(row), **counters.document(), "troubles": troubles, **outside})
        return
    state = state_of(row)
    say(f"{row.name}: {state}" + (f" ({row.reason})" if row.reason else ""))
    say(f"  created    {when(row.created_at)}" + (f", ended {when(row.ended_at)}" if row.ended_at else ""))
    if state in LIVE_RUN:
        say(f"  served at  {row.url}")
    for name, said in outside.items():
        if said is not None:
            say(f"  {name:<10} {said}")
    for loop, why in sorted(troubles.items()):
        say(f"  TROUBLE    {loop} waits: {why}")
    say("  units      " + (", ".join(f"{n} {s}" for s, n in sorted(counters.units.items()) if n) or "none"))
    say("  agents     " + (", ".join(f"{n} {s}" for s, n in sorted(counters.agents.items()) if n) or "none"))
    say(f"  promised   {format_money(counters.promised, row.currency)} {row.currency}")
    if state in ("interrupted", "stopped"):
        say(f"  go on      crowd resume {row.name}")


def _outside(database: Database, row: RunRow, served: bool) -> dict[str, str | None]:
    """What the provider says of its account while the run may still pay for work, and the architect of the server."""
    if row.status not in runs.RESUMABLE:
        return {"server": None, "balance": None}
    from crowdcore.runs.outside import ask_outside  # brings the run's plugins

    return ask_outside(database, row, served)


def _counters(conn: Conn, row: RunRow, reward: str) -> Counters:
    pay: Decimal = type(units.MICROS)(reward)
    return Counters.start(conn, row.id, row.name, pay, row.currency)


@click.command()
@click.argument("run")
@click.option("--now", is_flag=True, help="Leave at once; `crowd resume` goes on later.")
def stop(run: str, now: bool) -> None:
    """End RUN: no new work; people in the middle may finish; what is free expires."""
    with open_store() as database:
        row = database.read(lambda c: runs.find(c, run, statuses=runs.RESUMABLE))
        if row.status not in runs.RESUMABLE:
            raise RunError(f"run {row.name} is {row.status} already")
        if is_served(row):
            _ask(database, row, "stop" if now else "drain")
        elif now:
            raise RunError(f"run {row.name} is not served by any process; without --now it is ended for good")
        else:
            _end_unserved(database, row)


def _ask(database: Database, row: RunRow, wanted: str) -> None:
    """Write the wish; the serving process notices within a moment."""
    database.write(lambda c: runs.want(c, row.id, wanted, time.time()))
    busy = len(database.read(lambda c: agents.open_ids(c, row.id)))
    if wanted == "stop":
        say(f"{row.name} is asked to leave now; go on with: crowd resume {row.name}")
    else:
        say(f"{row.name} takes no new work; {people(busy)} in the middle may finish")


def _end_unserved(database: Database, row: RunRow) -> None:
    """Nobody serves the run: end it here. Open work expires, for nobody can submit it."""
    from crowdcore.runs.expire import expire_unserved  # brings the run's plugins

    expired, problems = expire_unserved(database, row)
    for problem in problems:
        say(f"warning: {problem}", err=True)
    say(f"{row.name} is ended; {expired} open units expired")


@click.command("set")
@click.argument("run")
@click.argument("changes", nargs=-1, required=True, metavar="KEY=VALUE…")
def set_(run: str, changes: tuple[str, ...]) -> None:
    """Change RUN's budget, caps, patience, lifetime, pairing: `crowd options task` says what there is."""
    with open_store() as database:
        row = database.read(lambda c: runs.find(c, run, statuses=runs.RESUMABLE))
        if row.status not in runs.RESUMABLE:
            raise RunError(f"run {row.name} is {row.status}: nothing can be changed any more")
        for change in changes:
            key, equals, value = change.partition("=")
            if not equals:
                raise ConfigError(f"command line: {change!r} is not KEY=VALUE, as in task.budget=100")
            while not _change(database, row.id, key, value):
                pass
            say(f"{row.name}: {key} = {value}")


def _change(database: Database, run_id: int, key: str, value: str) -> bool:
    """Store one change; False if another command changed the configuration meanwhile."""
    from crowdcore.config import RunConfig

    row = database.read(lambda c: runs.get(c, run_id))
    config = RunConfig.from_stored(row.config, secrets=False).replace(key, value)
    change = runs.Change(key, value, row.config_hash, config.stored(), config.hash)
    return database.write(lambda c: runs.set_config(c, run_id, change, time.time()))
