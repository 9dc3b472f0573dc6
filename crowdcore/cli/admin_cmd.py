"""`crowd admin`: ways into the admin pages and their API, and the end of them."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import click

from crowdcore.admin import passes
from crowdcore.admin.access import make_admin_token, make_login_link
from crowdcore.admin.address import addresses
from crowdcore.admin.passes import ROLES, Role
from crowdcore.base import paths
from crowdcore.base.secret import secret_key
from crowdcore.cli.common import open_store, say, when
from crowdcore.errors import ConfigError, RunError

if TYPE_CHECKING:
    from crowdcore.store import Database

_LINE = "{:<12}  {:<7}  {:<6}  {:<19}  {}"
_role = click.option("--role", type=click.Choice(ROLES), default="owner", show_default=True, help="What it allows.")


@click.group()
def admin() -> None:
    """Log in to the admin pages of this database, and say who may not any more."""


@admin.command()
@click.argument("run", required=False)
@click.option("--url", help="Address of the admin pages, if they are reached by another than the run knows.")
@_role
def login(run: str | None, url: str | None, role: Role) -> None:
    """Print a link to the admin pages of RUN (default: of any that is served). It works once, for 10 minutes."""
    with open_store() as database:
        say(make_login_link(database, secret_key(paths.config_dir()), url or _address(database, run), role))


@admin.command()
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=90.0, show_default=True,
              help="How long it is good for.")  # fmt: skip
@_role
def token(days: float, role: Role) -> None:
    """Print a bearer token for the admin API of this database."""
    with open_store() as database:
        say(make_admin_token(database, secret_key(paths.config_dir()), role, days))


@admin.command(name="list")
def list_() -> None:
    """List the sessions and tokens that are good."""
    with open_store() as database:
        found = database.read(lambda conn: passes.good(conn, time.time()))
    if not found:
        return say("nobody is logged in, and there is no token")
    say(_LINE.format("id", "what", "role", "since", "until"))
    for one in found:
        say(_LINE.format(one.id, one.kind, one.role, when(one.made), when(one.until)))
    return None


@admin.command()
@click.argument("id", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them, and login links that nobody has used yet.")
def revoke(id: tuple[str, ...], everything: bool) -> None:
    """End sessions and tokens by their IDs, as `crowd admin list` shows them. They let nobody in from then on."""
    if bool(id) == everything:
        raise ConfigError("command line: name the sessions and tokens to end (crowd admin list), or say --all")
    with open_store() as database:
        if everything:
            return say(f"{database.write(passes.end_all)} ended; links that nobody used are worth nothing, too")
        unknown = [one for one in id if not database.write(partial(passes.end, id=one))]
    for one in id:
        if one not in unknown:
            say(f"{one}: ended")
    if unknown:
        raise RunError(f"no session or token {', '.join(unknown)}; crowd admin list shows those that are good")
    return None


def _address(database: Database, run: str | None) -> str:
    known = database.read(addresses)
    if run is None and known:
        return next(iter(known.values()))
    if run in known:
        return known[run]
    what = "no run is being served" if run is None else f"run {run} is not being served"
    raise RunError(f"{what}, so there are no admin pages; start it: crowd resume {run or ''}".rstrip())
