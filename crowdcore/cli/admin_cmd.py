"""`crowd admin login` and `crowd admin token`: ways into the admin pages and their API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crowdcore.admin.access import ROLES, Role, make_admin_token, make_login_link
from crowdcore.admin.address import addresses
from crowdcore.base import paths
from crowdcore.base.secret import secret_key
from crowdcore.cli.common import open_store, say
from crowdcore.errors import RunError

if TYPE_CHECKING:
    from crowdcore.store import Database

_role = click.option("--role", type=click.Choice(ROLES), default="owner", show_default=True, help="What it allows.")


@click.group()
def admin() -> None:
    """Log in to the admin pages."""


@admin.command()
@click.argument("run", required=False)
@click.option("--url", help="Address of the admin pages, if they are reached by another than the run knows.")
@_role
def login(run: str | None, url: str | None, role: Role) -> None:
    """Print a link to the admin pages of RUN (default: of any that is served). It works once, for 10 minutes."""
    if url is None:
        with open_store() as database:
            url = _address(database, run)
    say(make_login_link(secret_key(paths.config_dir()), url, role))


@admin.command()
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=90.0, show_default=True,
              help="How long it is good for.")  # fmt: skip
@_role
def token(days: float, role: Role) -> None:
    """Print a bearer token for the admin API."""
    say(make_admin_token(secret_key(paths.config_dir()), role, days))


def _address(database: Database, run: str | None) -> str:
    known = database.read(addresses)
    if run is None and known:
        return next(iter(known.values()))
    if run in known:
        return known[run]
    what = "no run is being served" if run is None else f"run {run} is not being served"
    raise RunError(f"{what}, so there are no admin pages; start it: crowd resume {run or ''}".rstrip())
