"""`crowd review`: what people submitted, and whether it is accepted, paid but not used, or rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crowdcore.base.words import is_blank
from crowdcore.cli.common import amount_of, open_store, said, say, say_json, say_lines, when
from crowdcore.errors import ConfigError, CrowdError, RunError
from crowdcore.review import decisions
from crowdcore.review.decisions import Reviewed, Verdict
from crowdcore.review.results import Results
from crowdcore.store.queries import reviews, runs

if TYPE_CHECKING:
    from crowdcore.store import Database
    from crowdcore.store.queries.reviews import Work

F = TypeVar("F", bound=Callable[..., Any])
STATUSES = ("completed", *reviews.OUTCOMES)
KEYS = "[a]ccept, [s]oft-reject (paid, not used), [r]eject, s[k]ip, [q]uit"


@click.group()
def review() -> None:
    """List and show submissions; accept, soft-reject or reject them; owe bonuses."""


def _which(command: F) -> F:
    """The arguments that say which units are meant."""
    command = click.option("--worker", metavar="NAME", help="With --run: only what NAME submitted.")(command)
    command = click.option("--run", metavar="RUN", help="All that is to be reviewed of RUN.")(command)
    return click.argument("units", nargs=-1, type=int, metavar="[UNIT]…")(command)


def _tell(command: F) -> F:
    return click.option("--tell", is_flag=True, help="Send the note to the worker, through the platform.")(command)


@review.command("list")
@click.argument("run")
@click.option("--status", type=click.Choice([*STATUSES, "any"]), default="completed", show_default=True,
              help="Submissions in this state; completed: nobody has reviewed them yet.")  # fmt: skip
@click.option("--worker", metavar="NAME", help="Only what NAME submitted.")
@click.option("--simulated", is_flag=True, help="Also work of simulated workers.")
@click.option("--json", "as_json", is_flag=True, help="JSON, one array.")
def list_(run: str, status: str, worker: str | None, simulated: bool, as_json: bool) -> None:
    """List what people submitted in RUN, the oldest first."""
    statuses = STATUSES if status == "any" else (status,)
    with open_store() as database:
        row = database.read(lambda c: runs.find(c, run))
        found = decisions.submissions(database, row, statuses=statuses, worker=worker, simulated=simulated)
        if as_json:
            say_json([_document(work) for work in found])
            return
        empty = True
        for work in found:
            empty = False
            kind = "" if work.kind == "unit" else f"  [{work.kind}]"
            say(f"{work.unit_id:>8}  {work.status:<13} {work.worker.name:<24} {when(work.ended_at)}{kind}"
                       + (f"  {work.note}" if work.note else ""))  # fmt: skip
        if empty:
            say(f"{row.name}: nothing is to be reviewed" if status == "completed" else f"{row.name}: none")


def _document(work: Work) -> dict[str, Any]:
    return {
        "unit": work.unit_id, "agent": work.agent_id, "run": work.run, "kind": work.kind, "status": work.status,
        "note": work.note, "worker": work.worker.name, "provider": work.worker.provider, "ended_at": work.ended_at,
    }  # fmt: skip


@review.command()
@click.argument("units", nargs=-1, type=int, required=True, metavar="UNIT…")
def show(units: tuple[int, ...]) -> None:
    """Show what was submitted for each UNIT."""
    with open_store() as database:
        results = Results(database)
        for unit in units:
            _show(results, database.read(lambda c, unit=unit: reviews.of_unit(c, unit)))  # type: ignore[misc]


def _show(results: Results, work: Work) -> None:
    say(f"unit {work.unit_id} of {work.run}, by {work.worker.name} ({work.worker.provider}), "
               f"{when(work.ended_at)}: {work.status}" + (f" ({work.note})" if work.note else ""))  # fmt: skip
    try:
        text = results.text(work)
    except CrowdError as error:
        text = f"(it cannot be shown: {error})"
    say_lines(text, indent="  ")


@review.command()
@_which
@click.option("--note", default="", help="Why; kept with the unit.")
@click.option("--bonus", metavar="AMOUNT", help="Owe each of them this much more, in the run's currency.")
@click.option("--reason", default="", help="With --bonus: what it is for; the worker reads it.")
@_tell
def accept(
    units: tuple[int, ...], run: str | None, worker: str | None, note: str, bonus: str | None, reason: str, tell: bool
) -> None:
    """Accept UNITs: paid, and used."""
    if (bonus is None) != is_blank(reason):
        raise ConfigError("command line: --bonus AMOUNT and --reason TEXT go together")
    amount = None if bonus is None else amount_of(bonus, "--bonus")
    _decide(units, run, worker, Verdict("accepted", note, tell, amount, reason))


@review.command("soft-reject")
@_which
@click.option("--note", default="", help="Why; kept with the unit.")
@_tell
def soft_reject(units: tuple[int, ...], run: str | None, worker: str | None, note: str, tell: bool) -> None:
    """Soft-reject UNITs: paid, but not used."""
    _decide(units, run, worker, Verdict("soft_rejected", note, tell))


@review.command()
@_which
@click.option("--reason", required=True, callback=said, help="Why; kept with the unit.")
@click.option("--visit", is_flag=True, help="Reject it on the platform as well: it counts against the worker there.")
@_tell
def reject(units: tuple[int, ...], run: str | None, worker: str | None, reason: str, visit: bool, tell: bool) -> None:
    """Reject UNITs: neither paid nor used."""
    _decide(units, run, worker, Verdict("rejected", reason, tell, visit=visit))


@review.command()
@click.argument("run")
@click.option("--worker", metavar="NAME", help="Only what NAME submitted.")
def go(run: str, worker: str | None) -> None:
    """Go through what is to be reviewed in RUN, one by one, and decide by a key."""
    with open_store() as database:
        row = database.read(lambda c: runs.find(c, run))
        results, decided = Results(database), 0
        try:
            for listed in decisions.submissions(database, row, worker=worker):
                work = database.read(lambda c, unit=listed.unit_id: reviews.of_unit(c, unit))  # type: ignore[misc]
                if work.status != "completed":  # somebody else was faster
                    continue
                _show(results, work)
                verdict = _ask()
                if verdict is None:
                    break
                if verdict is not SKIP:
                    reviewed = decisions.decide(database, [work.unit_id], verdict)
                    decided += len(reviewed.changed)
                    _warn(reviewed)
        finally:
            say(f"{decided} decided")
            _deliver(database, {row.id})


SKIP = Verdict("accepted")
_VERDICTS: dict[str, Callable[[], Verdict | None]] = {
    "accept": lambda: Verdict("accepted"),
    "soft-reject": lambda: Verdict(
        "soft_rejected", click.prompt("why (may be empty)", default="", show_default=False)
    ),
    "reject": lambda: Verdict("rejected", click.prompt("why", value_proc=_why)),
    "k": lambda: SKIP, "skip": lambda: SKIP, "quit": lambda: None,
}  # fmt: skip


def _why(text: str) -> str:
    if is_blank(text):
        raise click.UsageError("a rejection needs a reason")
    return text.strip()


def _ask() -> Verdict | None:
    """What is decided, SKIP, or None to end."""
    while True:
        try:
            said = click.prompt(KEYS, prompt_suffix=": ", default="k", show_default=False).strip().lower()
            for word, verdict in _VERDICTS.items():
                if said in (word, word[0]):
                    return verdict()
        except click.Abort:
            say("")
            return None
        say(f"{said!r} is none of them")


def _decide(units: tuple[int, ...], run: str | None, worker: str | None, verdict: Verdict) -> None:
    if bool(units) == (run is not None) or (worker is not None and run is None):
        raise ConfigError("command line: name the UNITs, or --run RUN (and --worker NAME) for all that waits there")
    with open_store() as database:
        chosen: list[int] | tuple[int, ...] = units
        if run is not None:
            row = database.read(lambda c: runs.find(c, run))
            chosen = [work.unit_id for work in decisions.submissions(database, row, worker=worker)]
            if not chosen:
                say(f"{row.name}: nothing is to be reviewed")
                _deliver(database, {row.id})  # what an interrupted command left
                return
        reviewed = decisions.decide(database, chosen, verdict)
        _say(reviewed, verdict)
        _warn(reviewed)
        _deliver(database, reviewed.runs)
        if reviewed.problem is not None:
            raise RunError(f"{reviewed.problem}; what came before it stands, so look and go on")


def _say(reviewed: Reviewed, verdict: Verdict) -> None:
    text = f"{_units(len(reviewed.changed))} {verdict.outcome.replace('_', ' ')}"
    if reviewed.same:
        text += f", {len(reviewed.same)} had been before"
    if reviewed.bonuses:
        assert verdict.bonus is not None
        text += f"; bonuses of {reviewed.bonuses * verdict.bonus:f} are owed"
    say(text)


def _warn(reviewed: Reviewed) -> None:
    if reviewed.paid:
        named = ", ".join(map(str, reviewed.paid[:10])) + ("…" if len(reviewed.paid) > 10 else "")
        say(f"warning: paid already, before it was rejected: unit {named}", err=True)


def _units(count: int) -> str:
    return "1 unit" if count == 1 else f"{count} units"


def _deliver(database: Database, run_ids: set[int]) -> None:
    from crowdcore.runs.deliver import deliver  # brings the run's plugins

    for problem in deliver(database, run_ids):
        say(f"warning: decided, but not everybody was told: {problem}", err=True)
