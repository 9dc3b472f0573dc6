"""`crowd outbox`: what could not be sent to a platform, what may have arrived, and what a person says of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from crowdcore.cli.common import open_store, when
from crowdcore.errors import ConfigError
from crowdcore.store import outbox, runs

if TYPE_CHECKING:
    from crowdcore.store import Database
    from crowdcore.store.outbox import Message

IN_DOUBT = ("failed", "unknown")
STATES = ("intended", "sent", "confirmed", *IN_DOUBT)


@click.command("outbox")
@click.argument("task")
@click.option("--all", "everything", is_flag=True, help="Also what waits, and what arrived.")
@click.option("--arrived", multiple=True, metavar="KEY", help="You have looked: this arrived (was paid, by hand say).")
@click.option("--again", multiple=True, metavar="KEY", help="You have looked: this did not arrive; send it again.")
@click.option("--json", "as_json", is_flag=True, help="JSON, one array.")
def outbox_(task: str, everything: bool, arrived: tuple[str, ...], again: tuple[str, ...], as_json: bool) -> None:
    """List what TASK could not send, or sent and never heard of again: look there, then say what to do.

    Nothing of this is sent again by itself, so nobody is paid twice.
    """
    if both := set(arrived) & set(again):
        raise ConfigError(f"command line: {min(both)} cannot both have arrived and be sent again")
    with open_store() as database:
        database.read(lambda c: runs.of_task(c, task))  # RunError with near names if there is none
        if arrived or again:
            _settle(database, task, arrived, again)
        else:
            _print(list(_rows(database, task, STATES if everything else IN_DOUBT)), task, as_json)


def _settle(database: Database, task: str, arrived: tuple[str, ...], again: tuple[str, ...]) -> None:
    from crowdcore.reviewing import deliver

    def settle(conn: Any) -> int:
        now = time.time()
        done = [outbox.settle(conn, task, key, "confirmed", now) for key in arrived]
        return sum(done + [outbox.settle(conn, task, key, "intended", now) for key in again])

    count = database.write(settle)
    click.echo(f"{count} settled" + (f", {n} had been before" if (n := len(arrived) + len(again) - count) else ""))
    if again:
        ids = database.read(lambda c: {row.id for row in runs.of_task(c, task)})
        for problem in deliver(database, ids):
            click.echo(f"warning: not sent yet: {problem}", err=True)


def _rows(database: Database, task: str, states: tuple[str, ...]) -> Iterator[Message]:
    after = 0
    while page := database.read(lambda c, after=after: outbox.of_task(c, task, states, after)):  # type: ignore[misc]
        yield from page
        after = page[-1].id


def _print(rows: list[Message], task: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_document(row) for row in rows], indent=2, ensure_ascii=False))
        return
    for row in rows:
        worker = "" if row.worker is None else row.worker.name
        money = "" if row.amount is None else f"{row.amount:f} {row.currency}"
        click.echo(f"{row.state:<10} {row.key:<34} {worker:<20} {money:<12} {when(row.sent_at or row.created_at)}")
        if row.error:
            click.echo(f"           {row.error}")
    if not rows:
        click.echo(f"{task}: nothing failed and nothing is in doubt")
    elif any(row.state in IN_DOUBT for row in rows):
        click.echo(f"look at the platform, then: crowd outbox {task} --arrived KEY   or   --again KEY")


def _document(row: Message) -> dict[str, Any]:
    return {
        "key": row.key, "kind": row.kind, "state": row.state, "run": row.run, "unit": row.unit_id,
        "visit": row.visit,
        "worker": None if row.worker is None else row.worker.name, "currency": row.currency, "error": row.error,
        "amount": None if row.amount is None else f"{row.amount:f}", "created_at": row.created_at,
        "sent_at": row.sent_at,
    }  # fmt: skip
