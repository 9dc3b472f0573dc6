"""`crowd invite RUN NAME…` and `crowd owed TASK`."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

import crowdcore
from crowd_inhouse.invitations import Invitations
from crowdcore.commands import Table, ending, format_money, is_stdout, parse_money, say, text_output

if TYPE_CHECKING:
    from crowdcore.commands import Data, StoredRun

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
        raise crowdcore.CrowdError("nobody to invite: give at least one NAME, or --file with one name a line")
    if odd := [name for name in everyone if not 0 < len(name) <= _LONGEST]:
        raise crowdcore.CrowdError(f"{odd[0][:40]!r} is no name of a worker: give 1 to {_LONGEST} characters")
    with crowdcore.open(write=True) as data:
        found = data.run(run)
        _send(data, found, list(dict.fromkeys(everyone)))


def _send(data: Data, run: StoredRun, names: list[str]) -> None:
    if run.provider != "inhouse":
        raise crowdcore.CrowdError(f"run {run.name} is for provider {run.provider}, which has its own ways; "
                         "`crowd invite` makes links for in-house runs")  # fmt: skip
    if run.url is None:
        raise crowdcore.CrowdError(f"run {run.name} has not been served yet: launch it with `crowd run`")
    invitations = Invitations(data.secret("provider:inhouse", "invite"))
    for one in data.expect("inhouse", names):  # from now on `crowd worker` knows them, also before they come
        name = one.worker.name
        if one.blocked is not None:
            say(f"{name} is blocked: the link lets in nobody until `crowd worker unblock {name}`", err=True)
    for name in names:
        query = urlencode({"worker_id": name, "invite": invitations.sign(run.task, name)})
        say(f"{name}\t{run.url}?{query}")


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
    with crowdcore.open(write=paid is not None) as data:
        if paid is not None:
            _pay(data, task, paid)
        debts = list(data.owed(task))
    totals: dict[tuple[str, str], tuple[int, int, Decimal]] = defaultdict(lambda: (0, 0, Decimal(0)))
    for debt in debts:
        count, extra, amount = totals[debt.worker.name, debt.currency]
        is_bonus = debt.kind == "bonus"
        totals[debt.worker.name, debt.currency] = (count + (not is_bonus), extra + is_bonus, amount + debt.amount)
    aside = target is not None and is_stdout(target)
    for (worker, currency), (count, extra, amount) in sorted(totals.items()):
        total, bonuses = f"{format_money(amount, currency)} {currency}", f", {extra} bonuses" if extra else ""
        say(f"{worker}\t{total}\t{count} units{bonuses}", err=aside)
    if not debts:
        say(f"{task} owes nothing", err=aside)
    if target is not None:
        with text_output(target) as file:
            table = Table(file, raw=raw)
            table.row(["worker", "amount", "currency", "kind", "run", "unit", "state", "key"])
            for debt in debts:
                facts = (debt.kind, debt.run, debt.unit, debt.state, debt.key)
                table.row([debt.worker.name, debt.amount, debt.currency, *facts])
        say(f"{len(debts)} rewards written to {target}", err=aside)


def _amount(file: Path, key: str, text: str) -> Decimal:
    try:
        return parse_money(text)
    except ValueError as error:
        raise crowdcore.CrowdError(f"{file}: {key}: {error} as its amount, got {text!r}") from None


def _pay(data: Data, task: str, file: Path) -> None:
    """Keep that every row of the file was paid, exactly what is owed; what had been before stays as it is."""
    try:
        rows = [row for row in csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")) if row["key"]]
        said = [(row["key"], row["amount"] or "", row["currency"] or "") for row in rows]
    except (KeyError, UnicodeDecodeError, csv.Error):
        raise crowdcore.CrowdError(f"{file}: this is no file that `crowd owed {task} --csv FILE` wrote") from None
    paid = [(key, (_amount(file, key, text), currency.strip())) for key, text, currency in dict.fromkeys(said)]
    count = data.paid(task, paid)
    say(f"{count} rewards are paid" + (f", {len(paid) - count} had been before" if count < len(paid) else ""))
