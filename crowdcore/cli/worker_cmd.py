"""`crowd worker`: who somebody is, what they were granted, and whether they may work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crowdcore.cli.common import open_store, said, say, say_json, when
from crowdcore.errors import RunError
from crowdcore.runs import people
from crowdcore.store.queries import events, qualifications, removals, workers

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


def _change(change: Callable[[Conn], T], *, create: bool = False) -> T:
    with open_store(create=create) as database:
        return database.write(change)


@worker.command()
@_names
@click.option("--json", "as_json", is_flag=True, help="JSON, one object.")
def show(name: str, provider: str | None, as_json: bool) -> None:
    """Show NAME's grants, work and block."""

    def look(conn: Conn) -> dict[str, Any]:
        found = people.find(conn, name, provider)
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
        found = people.find_or_expect(conn, name, provider, now)
        people.grant(conn, found, qualification, value, now)
        return found

    found = _change(change, create=provider is not None)
    say(f"{found.name} ({found.provider}) has {qualification} = {value}")


@worker.command()
@_names
@click.argument("qualification")
def revoke(name: str, provider: str | None, qualification: str) -> None:
    """Take QUALIFICATION away from NAME."""

    def change(conn: Conn) -> Worker:
        found = people.find(conn, name, provider)
        if not people.revoke(conn, found, qualification, time.time()):
            raise RunError(f"{found.name} does not have {qualification!r}; `crowd worker show {found.name}` lists all")
        return found

    found = _change(change)
    say(f"{found.name} ({found.provider}) no longer has {qualification}")


@worker.command()
@_names
@click.option("--reason", required=True, callback=said, help="Why; for you and the platform, not shown on our pages.")
def block(name: str, provider: str | None, reason: str) -> None:
    """End what NAME has open, and give no more in any task; with --provider also before they come."""

    def change(conn: Conn) -> Worker:
        now = time.time()
        found = people.find_or_expect(conn, name, provider, now)
        people.block(conn, found, reason, now)
        return found

    found = _change(change, create=provider is not None)
    say(f"{found.name} ({found.provider}) is blocked")


@worker.command()
@_names
@click.option("--reason", required=True, callback=said, help="Why; the worker reads it.")
def remove(name: str, provider: str | None, reason: str) -> None:
    """End what NAME has open now, and nothing else: partners are released as for somebody who leaves."""

    def change(conn: Conn) -> tuple[Worker, int]:
        found, now = people.find(conn, name, provider), time.time()
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

    def change(conn: Conn) -> Worker:
        found = people.find(conn, name, provider)
        people.unblock(conn, found, reason, time.time())
        return found

    found = _change(change)
    say(f"{found.name} ({found.provider}) is not blocked")


@worker.command()
@_names
@click.argument("qualification")
def reset(name: str, provider: str | None, qualification: str) -> None:
    """Forget what NAME did under QUALIFICATION: onboarding, screening or golds begin anew."""

    def change(conn: Conn) -> tuple[Worker, list[str]]:
        found, now = people.find(conn, name, provider), time.time()
        forgotten = qualifications.reset(conn, found.id, qualification)
        if qualification in forgotten:
            people.note(conn, found, "unqualify", now, name=qualification)
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
