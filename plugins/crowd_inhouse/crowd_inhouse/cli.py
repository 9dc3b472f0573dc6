"""`crowd invite RUN NAME…` and `crowd owed TASK`."""

from __future__ import annotations

import csv
import io
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from crowd_inhouse.invitations import Invitations
from crowdcore.base import paths
from crowdcore.base.outputs import ending, is_stdout, text_output
from crowdcore.base.quantities import format_money, parse_money
from crowdcore.base.secret import derive, secret_key
from crowdcore.base.tables import Table
from crowdcore.cli.common import open_store, say
from crowdcore.errors import CrowdError
from crowdcore.store.queries import outbox, runs, workers

if TYPE_CHECKING:
    from crowdcore.store import Conn


_LONGEST = 200
"""Characters of a worker's name, at most."""


@click.command()
@click.argument("run")
@click.argument("names", nargs=-1)
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="More names, one a line.")  # fmt: skip
def invite(run: str, names: tuple[str, ...], file: Path | None) -> None:
    """Print a signed personal link for each NAME: who holds it works under that name."""
    everyone = [name.strip() for name in names]
    if file is not None:
        everyone += [line.strip() for line in file.read_text("utf-8-sig").splitlines() if line.strip()]
    if not everyone:
        raise CrowdError("nobody to invite: give at least one NAME, or --file with one name a line")
    if odd := [name for name in everyone if not 0 < len(name) <= _LONGEST]:
        raise CrowdError(f"{odd[0][:40]!r} is no name of a worker: give 1 to {_LONGEST} characters")
    with open_store() as database:
        row = database.read(lambda c: runs.find(c, run))
    if row.provider != "inhouse":
        raise CrowdError(f"run {row.name} is for provider {row.provider}, which has its own ways; "
                         "`crowd invite` makes links for in-house runs")  # fmt: skip
    if row.url is None:
        raise CrowdError(f"run {row.name} has not been served yet: launch it with `crowd run`")
    invitations = Invitations(derive(secret_key(paths.config_dir()), "plugin:provider:inhouse:invite"))
    with open_store() as database:
        database.write(lambda c: _expect(c, list(dict.fromkeys(everyone))))
    for name in dict.fromkeys(everyone):
        query = urlencode({"worker_id": name, "invite": invitations.sign(row.task, name)})
        say(f"{name}\t{row.url}?{query}")


def _expect(conn: Conn, names: list[str]) -> None:
    """From now on `crowd worker` knows them, also before they come."""
    for name in names:
        worker = workers.ensure(conn, "inhouse", name, simulated=False, now=time.time())
        if workers.blocked(conn, worker.id) is not None:
            say(f"{name} is blocked: the link lets in nobody until `crowd worker unblock {name}`", err=True)


@click.command()
@click.argument("task")
@click.option("--csv", "target", type=click.Path(dir_okay=False), metavar="FILE",
              help="Write every reward here; - is standard output.")  # fmt: skip
@click.option("--raw", is_flag=True, help="With --csv: names that a spreadsheet takes for formulas are as given.")
@click.option("--paid", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="You have paid what stands in FILE (as --csv wrote it): it is owed no more.")  # fmt: skip
def owed(task: str, target: str | None, raw: bool, paid: Path | None) -> None:
    """What the runs of TASK owe their workers: rewards of submitted work that was not rejected, and bonuses.

    A provider that pays by itself may be about to: `crowd outbox TASK` says what is in doubt there.
    """
    ending(target, [".csv"])
    if paid is not None:
        _pay(task, paid)
    totals: dict[tuple[str, str], tuple[int, int, Decimal]] = defaultdict(lambda: (0, 0, Decimal(0)))
    with open_store() as database:
        database.read(lambda c: runs.of_task(c, task))
        rows, after = [], 0
        while page := database.read(lambda c, a=after: outbox.owed(c, task, a)):  # type: ignore[misc]
            rows += page
            after = page[-1].id
    for row in rows:
        assert row.worker is not None
        assert row.amount is not None
        assert row.currency is not None
        count, extra, amount = totals[row.worker.name, row.currency]
        is_bonus = row.kind == "bonus"
        totals[row.worker.name, row.currency] = (count + (not is_bonus), extra + is_bonus, amount + row.amount)
    aside = target is not None and is_stdout(target)
    for (worker, currency), (count, extra, amount) in sorted(totals.items()):
        total, bonuses = f"{format_money(amount, currency)} {currency}", f", {extra} bonuses" if extra else ""
        say(f"{worker}\t{total}\t{count} units{bonuses}", err=aside)
    if not rows:
        say(f"{task} owes nothing", err=aside)
    if target is not None:
        with text_output(target) as file:
            table = Table(file, raw=raw)
            table.row(["worker", "amount", "currency", "kind", "run", "unit", "state", "key"])
            for row in rows:
                assert row.worker is not None
                facts = (row.kind, row.run, row.unit_id, row.state, row.key)
                table.row([row.worker.name, row.amount, row.currency, *facts])
        say(f"{len(rows)} rewards written to {target}", err=aside)


def _amount(file: Path, key: str, text: str) -> Decimal:
    try:
        return parse_money(text)
    except ValueError as error:
        raise CrowdError(f"{file}: {key}: {error} as its amount, got {text!r}") from None


def _pay(task: str, file: Path) -> None:
    """Keep that every row of the file was paid, exactly what is owed; what had been before stays as it is."""
    try:
        rows = [row for row in csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")) if row["key"]]
        said = [(row["key"], row["amount"] or "", row["currency"] or "") for row in rows]
    except (KeyError, UnicodeDecodeError, csv.Error):
        raise CrowdError(f"{file}: this is no file that `crowd owed {task} --csv FILE` wrote") from None
    paid = [(key, (_amount(file, key, text), currency.strip())) for key, text, currency in dict.fromkeys(said)]

    def settle(conn: Conn) -> int:  # all or none
        now = time.time()
        return sum(outbox.settle(conn, task, key, "confirmed", now, paid=what) is not None for key, what in paid)

    with open_store() as database:
        count = database.write(settle)
    say(f"{count} rewards are paid" + (f", {len(paid) - count} had been before" if count < len(paid) else ""))
