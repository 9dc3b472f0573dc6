"""`crowd worker`: who somebody is, what they were granted, and whether they may work."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crowdcore.base.faults import meant
from crowdcore.cli.common import open_store, said, say, say_json, when
from crowdcore.errors import RunError
from crowdcore.plugins import catalogue
from crowdcore.store.queries import events, outbox, qualifications, removals, workers

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.types import Worker

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def worker() -> None:
    """Show workers, grant and revoke qualifications, block and unblock, remove from what is open."""


def _names(command: F) -> F:
    """The argument and the option that name a worker."""
    command = click.option("--provider", metavar="NAME", help="Needed where several providers know the name.")(command)
    return click.argument("name")(command)


def _find(conn: Conn, name: str, provider: str | None) -> Worker:
    found = [w for w in workers.named(conn, name) if provider in (None, w.provider)]
    if len(found) == 1:
        return found[0]
    if not found:
        at = f" on provider {provider!r}" if provider else ""
        raise RunError(f"no worker is named {name!r}{at}; `crowd export TASK` shows the names of those who worked")
    known = ", ".join(w.provider for w in found)
    raise RunError(f"several providers know a worker {name!r}: {known}; add --provider NAME")


def _find_or_expect(conn: Conn, name: str, provider: str | None, now: float) -> Worker:
    """The worker; with a provider also somebody who has not come yet."""
    known = [w for w in workers.named(conn, name) if provider in (None, w.provider)]
    if known:
        return _find(conn, name, provider)
    if provider is None:
        raise RunError(f"no worker is named {name!r}; of somebody who has not come yet say from where: --provider NAME")
    if not name or name != name.strip() or not name.isprintable():
        raise RunError(f"{name!r} is no name of a worker: spaces around it, or what cannot be printed, never come so")
    installed = {*catalogue().names("provider"), *workers.providers(conn)}
    if provider not in installed:
        raise RunError(f"no provider is named {provider!r}{meant(provider, installed)}; `crowd plugins` lists them")
    return workers.ensure(conn, provider, name, simulated=False, now=now)


def _change(change: Callable[[Conn], T], *, create: bool = False) -> T:
    with open_store(create=create) as database:
        return database.write(change)


@worker.command()
@_names
@click.option("--json", "as_json", is_flag=True, help="JSON, one object.")
def show(name: str, provider: str | None, as_json: bool) -> None:
    """Show NAME's grants, work and block."""

    def look(conn: Conn) -> dict[str, Any]:
        found = _find(conn, name, provider)
        return {
            "worker": found.name, "provider": found.provider, "simulated": found.simulated,
            "blocked": workers.blocked(conn, found.id),
            "grants": {g.name: {"value": g.value, "at": g.granted_at} for g in qualifications.listed(conn, found.id)},
            "work": workers.work_by_task(conn, found.id),
        }  # fmt: skip

    with open_store() as database:
        facts = database.read(look)
    if as_json:
        say_json(facts)
        return
    say(f"{facts['worker']} ({facts['provider']})" + (", simulated" if facts["simulated"] else ""))
    if facts["blocked"] is not None:
        say(f"  blocked: {facts['blocked']}")
    for qualification, grant in facts["grants"].items():
        say(f"  {qualification:<28} {grant['value']:>6}  since {when(grant['at'])}")
    for task, count in facts["work"].items():
        say(f"  worked on {task}: {count} pieces submitted")
    if not facts["grants"] and not facts["work"]:
        say("  nothing granted, nothing submitted")


@worker.command()
@_names
@click.argument("qualification")
@click.argument("value", type=int, default=1)
def grant(name: str, provider: str | None, qualification: str, value: int) -> None:
    """Grant QUALIFICATION to NAME with VALUE (default 1); with --provider also to somebody who has not come yet."""

    def change(conn: Conn) -> Worker:
        now = time.time()
        found = _find_or_expect(conn, name, provider, now)
        qualifications.grant(conn, found.id, qualification, value, now)
        _note(conn, found, "qualify", now, name=qualification, value=value)
        return found

    found = _change(change, create=provider is not None)
    say(f"{found.name} ({found.provider}) has {qualification} = {value}")


@worker.command()
@_names
@click.argument("qualification")
def revoke(name: str, provider: str | None, qualification: str) -> None:
    """Take QUALIFICATION away from NAME."""

    def change(conn: Conn) -> Worker:
        found, now = _find(conn, name, provider), time.time()
        if not qualifications.revoke(conn, found.id, qualification):
            raise RunError(f"{found.name} does not have {qualification!r}; `crowd worker show {found.name}` lists all")
        _note(conn, found, "unqualify", now, name=qualification)
        return found

    found = _change(change)
    say(f"{found.name} ({found.provider}) no longer has {qualification}")


@worker.command()
@_names
@click.option("--reason", required=True, callback=said, help="Why; for you and the platform, not shown on our pages.")
def block(name: str, provider: str | None, reason: str) -> None:
    """End what NAME has open, and give no more in any task; with --provider also before they come."""
    found = _change(lambda conn: _block(conn, name, provider, reason, reason), create=provider is not None)
    say(f"{found.name} ({found.provider}) is blocked")


@worker.command()
@_names
@click.option("--reason", required=True, callback=said, help="Why; the worker reads it.")
def remove(name: str, provider: str | None, reason: str) -> None:
    """End what NAME has open now, and nothing else: partners are released as for somebody who leaves."""

    def change(conn: Conn) -> tuple[Worker, int]:
        found, now = _find(conn, name, provider), time.time()
        count = removals.want(conn, found.id, reason)
        if count:
            events.append(conn, None, now, "worker_remove", "operator", [], worker=found.id)
        return found, count

    found, count = _change(change)
    if not count:
        raise RunError(f"{found.name} ({found.provider}) has nothing open: nobody is to be removed")
    say(f"{found.name} ({found.provider}) is removed; where nobody serves the run, as soon as it is resumed")


@worker.command()
@_names
@click.option("--reason", default="", help="Why, where a platform wants one.")
def unblock(name: str, provider: str | None, reason: str) -> None:
    """Let NAME work again."""
    found = _change(lambda conn: _block(conn, name, provider, None, reason))
    say(f"{found.name} ({found.provider}) is not blocked")


def _block(conn: Conn, name: str, provider: str | None, blocked: str | None, reason: str) -> Worker:
    now = time.time()
    found = _find(conn, name, provider) if blocked is None else _find_or_expect(conn, name, provider, now)
    workers.set_blocked(conn, found.id, blocked)
    _note(conn, found, "unblock" if blocked is None else "block", now, reason=reason)
    return found


@worker.command()
@_names
@click.argument("qualification")
def reset(name: str, provider: str | None, qualification: str) -> None:
    """Forget what NAME did under QUALIFICATION: onboarding, screening or golds begin anew."""

    def change(conn: Conn) -> tuple[Worker, list[str]]:
        found, now = _find(conn, name, provider), time.time()
        forgotten = qualifications.reset(conn, found.id, qualification)
        if qualification in forgotten:
            _note(conn, found, "unqualify", now, name=qualification)
        return found, forgotten

    found, forgotten = _change(change)
    say(f"{found.name} ({found.provider}): {', '.join(forgotten) or 'nothing'} forgotten")


@worker.command()
@click.argument("qualification")
@click.option("--json", "as_json", is_flag=True, help="JSON, one array.")
def holders(qualification: str, as_json: bool) -> None:
    """List everybody who was granted QUALIFICATION, over all providers."""
    with open_store() as database:
        found = database.read(lambda c: qualifications.holders(c, qualification))
    if as_json:
        rows = [{"worker": w.name, "provider": w.provider, "value": value} for w, value in found]
        say_json(rows)
        return
    for one, value in found:
        say(f"{one.name:<28} {one.provider:<12} {value:>6}")
    if not found:
        say(f"nobody has {qualification}")


def _note(conn: Conn, found: Worker, kind: str, now: float, **payload: Any) -> None:
    """The event, and the row by which the worker's newest run tells its platform, if it has one."""
    for kinds in (("block", "unblock"), ("qualify", "unqualify")):  # what waits goes out in its order, before this
        if kind in kinds:
            outbox.withdraw(conn, kinds, now, worker_id=found.id, name=payload.get("name"), waiting=False)
    words = {k: v for k, v in payload.items() if k != "reason"}
    event = events.append(conn, None, now, f"worker_{kind}", "operator", [], worker=found.id, **words)
    run_id = workers.newest_run(conn, found)
    if run_id is not None:
        outbox.intend(
            conn, run_id=run_id, kind=kind, key=f"{kind}:event:{event}", now=now, worker_id=found.id,
            payload=json.dumps(payload),
        )  # fmt: skip
