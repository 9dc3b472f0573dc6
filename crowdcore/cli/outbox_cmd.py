"""`crowd outbox`: what could not be sent to a platform, what may have arrived, and what a person says of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from crowdcore.base import paths
from crowdcore.cli.common import open_store, say, say_json, when
from crowdcore.errors import ConfigError
from crowdcore.runs.lock import is_led
from crowdcore.store.queries import outbox, runs

if TYPE_CHECKING:
    from crowdcore.store import Conn, Database
    from crowdcore.store.queries.outbox import Message
    from crowdcore.store.queries.runs import RunRow

IN_DOUBT = ("failed", "unknown")
STATES = ("intended", "sent", "confirmed", "withdrawn", *IN_DOUBT)


@click.command("outbox")
@click.argument("task")
@click.option("--all", "everything", is_flag=True, help="Also what waits, and what arrived.")
@click.option("--arrived", multiple=True, metavar="KEY", help="You have looked: this arrived (was paid, by hand say).")
@click.option("--again", multiple=True, metavar="KEY", help="You have looked: this did not arrive; send it again.")
@click.option("--again-failed", is_flag=True, help="Send again all that failed; what is unknown stays.")
@click.option("--send", is_flag=True, help="Send what waits of runs that nobody serves.")
@click.option("--json", "as_json", is_flag=True, help="JSON, one array.")
def outbox_(
    task: str, everything: bool, arrived: tuple[str, ...], again: tuple[str, ...], again_failed: bool, send: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """List what TASK could not send, or sent and never heard of again: look there, then say what to do.

    Nothing of this is sent again by itself, so nobody is paid twice.
    """
    if both := set(arrived) & set(again):
        raise ConfigError(f"command line: {min(both)} cannot both have arrived and be sent again")
    with open_store() as database:
        rows = database.read(lambda c: runs.of_task(c, task))  # RunError with near names if there is none
        if again_failed:
            again += tuple(row.key for row in _rows(database, task, ("failed",)) if row.key not in again)
        concerned = {row.id for row in rows} if send else set()
        if arrived or again or again_failed:
            concerned |= _settle(database, task, arrived, again)
        _deliver(database, concerned)
        if not (arrived or again or again_failed):
            states = STATES if everything else IN_DOUBT
            _print(list(_rows(database, task, states)), task, as_json)
            if not as_json:
                _waiting(database, rows)


def _settle(database: Database, task: str, arrived: tuple[str, ...], again: tuple[str, ...]) -> set[int]:
    """Keep a person's words; the runs of which something is to be sent again."""

    def settle(conn: Conn) -> tuple[int, set[int]]:
        now = time.time()
        there = [outbox.settle(conn, task, key, "confirmed", now) for key in arrived]
        back = [outbox.settle(conn, task, key, "intended", now) for key in again]
        return sum(run is not None for run in there + back), {run for run in back if run is not None}

    count, touched = database.write(settle)
    before = len(arrived) + len(again) - count
    say(f"{count} settled" + (f", {before} had been before" if before else ""))
    return touched


def _deliver(database: Database, run_ids: set[int]) -> None:
    if not run_ids:
        return
    from crowdcore.runs.deliver import deliver  # brings the run's plugins

    for problem in deliver(database, run_ids):
        say(f"warning: {problem}", err=True)


def _waiting(database: Database, rows: list[RunRow]) -> None:
    """A word on what waits, where nobody will send it by itself."""
    from crowdcore.runs.deliver import waiting  # brings the runs' plugins

    for row in rows:
        if not is_led(paths.run_folder(database.folder, row.name)) and (count := waiting(database, row)):
            say(f"{row.name}: {count} wait to be sent: crowd outbox {row.task} --send")


def _rows(database: Database, task: str, states: tuple[str, ...]) -> Iterator[Message]:
    after = 0
    while page := database.read(lambda c, after=after: outbox.of_task(c, task, states, after)):  # type: ignore[misc]
        yield from page
        after = page[-1].id


def _print(rows: list[Message], task: str, as_json: bool) -> None:
    if as_json:
        say_json([_document(row) for row in rows])
        return
    for row in rows:
        worker = "" if row.worker is None else row.worker.name
        money = "" if row.amount is None else f"{row.amount:f} {row.currency}"
        say(f"{row.state:<10} {row.key:<34} {worker:<20} {money:<12} {when(row.sent_at or row.created_at)}")
        if row.error:
            say(f"           {row.error}")
    if not rows:
        say(f"{task}: nothing failed and nothing is in doubt")
    elif any(row.state in IN_DOUBT for row in rows):
        say(f"look at the platform, then: crowd outbox {task} --arrived KEY   or   --again KEY")


def _document(row: Message) -> dict[str, Any]:
    return {
        "key": row.key, "kind": row.kind, "state": row.state, "run": row.run, "unit": row.unit_id,
        "visit": row.visit,
        "worker": None if row.worker is None else row.worker.name, "currency": row.currency, "error": row.error,
        "amount": None if row.amount is None else f"{row.amount:f}", "created_at": row.created_at,
        "sent_at": row.sent_at,
    }  # fmt: skip
