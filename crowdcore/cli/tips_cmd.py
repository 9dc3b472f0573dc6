"""`crowd tips`: what workers left for others, accepted or removed; and what they wrote to the author."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from crowdcore.base.quantities import micros_of
from crowdcore.cli.common import amount_of, open_store, say, say_json, say_lines, when
from crowdcore.errors import ConfigError, RunError
from crowdcore.store.queries import budgets, comments, events, outbox, runs

if TYPE_CHECKING:
    from decimal import Decimal

    from crowdcore.store import Conn
    from crowdcore.store.queries.comments import Note


@click.command()
@click.argument("task")
@click.option("--accept", type=int, metavar="ID", help="Show this tip to later workers.")
@click.option("--bonus", metavar="AMOUNT", help="With --accept: what its author gets for it, in the run's currency.")
@click.option("--remove", type=int, metavar="ID", help="Show this tip to nobody (any more).")
@click.option("--feedback", is_flag=True, help="List what workers wrote to you instead.")
@click.option("--json", "as_json", is_flag=True, help="JSON, one array.")
def tips(task: str, accept: int | None, bonus: str | None, remove: int | None, feedback: bool, as_json: bool) -> None:
    """List the tips that workers of TASK left; accept or remove them."""
    if bonus is not None and accept is None:
        raise ConfigError("command line: --bonus goes with --accept ID")
    amount = None if bonus is None else amount_of(bonus, "--bonus")
    with open_store() as database:
        database.read(lambda c: runs.of_task(c, task))  # RunError with near names if there is none
        if accept is not None:
            database.write(lambda c: _accept(c, task, accept, amount))
            say(f"tip {accept} is shown to later workers" + (f"; bonus {bonus} recorded" if amount else ""))
        if remove is not None:
            database.write(lambda c: _decide(c, task, remove, "removed"))
            say(f"tip {remove} is removed")
        if accept is None and remove is None:
            found = database.read(lambda c: comments.of_task(c, task, "feedback" if feedback else "tip"))
            _print(found, as_json)


def _decide(conn: Conn, task: str, note_id: int, status: str) -> Note:
    found = next((n for n in comments.of_task(conn, task, "tip") if n.id == note_id), None)
    if found is None:
        raise RunError(f"task {task} has no tip {note_id}; `crowd tips {task}` lists them")
    if comments.set_status(conn, note_id, status):
        events.append(
            conn, found.run_id, time.time(), f"tip_{status}", "operator", [], note=note_id, worker=found.worker_id
        )
    return found


def _accept(conn: Conn, task: str, note_id: int, amount: Decimal | None) -> None:
    found, now = _decide(conn, task, note_id, "accepted"), time.time()
    if amount is not None:
        currency = runs.get(conn, found.run_id).currency
        try:
            micros = micros_of(amount, currency)
        except ValueError as error:
            raise RunError(f"tip {note_id}: --bonus {amount:f}: {error}") from None
        budgets.check(conn, found.run_id, micros)
        paid = outbox.intend(
            conn, run_id=found.run_id, kind="bonus", key=f"bonus:tip:{note_id}", now=now, worker_id=found.worker_id,
            visit_id=found.visit_id, unit_id=found.unit_id, amount_micros=micros, currency=currency,
            payload=json.dumps({"reason": "your tip helps others"}),
        )  # fmt: skip
        if not paid:
            raise RunError(f"tip {note_id} has had its bonus already")
        events.append(
            conn, found.run_id, now, "bonus_owed", "operator", [], note=note_id, worker=found.worker_id,
            bonus_micros=micros,
        )  # fmt: skip


def _print(found: list[Note], as_json: bool) -> None:
    if as_json:
        keys = ("id", "run", "worker", "kind", "text", "status", "created_at")
        say_json([{k: getattr(n, k) for k in keys} for n in found])
        return
    for note in found:
        say(f"{note.id:>6}  {note.status:<9} {note.worker:<20} {when(note.created_at)}  {note.run}")
        say_lines(note.text, indent=" " * 8)
    if not found:
        say("nothing yet")
