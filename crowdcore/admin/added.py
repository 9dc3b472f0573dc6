"""What plugins have added to the requester's application: pages with an entry in its navigation, and routes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crowdcore.errors import RequestError
from crowdcore.server.http.contributed import below
from crowdcore.server.http.pages import template
from crowdcore.server.http.reply import App, Receive, Scope, Send, header, html_reply

if TYPE_CHECKING:
    from crowdcore.admin.access import Who
    from crowdcore.admin.context import AddedPage, AdminContext

PREFIX = "/x/"
ROLE = "crowd.role"
"""Key of the scope under which a route finds who asks: owner or reader."""
TEMPLATES = Path(__file__).parent / "templates"
_READING = ("GET", "HEAD", "OPTIONS")


class Entry(NamedTuple):
    """An entry of the navigation; `address` has no slash in front, so that it goes on from the page of runs."""

    title: str
    address: str


class AddedApp:
    """Answers below PREFIX, for who is logged in."""

    def __init__(self, context: AdminContext) -> None:
        self._run = context.run_name
        self._pages = {f"{PREFIX}{page.place}/{page.path}": page for page in context.added.pages}
        self._routes = [(f"{PREFIX}{place}", routes) for place, routes in context.added.routes]
        self._apps: dict[str, App] = {}

    @property
    def navigation(self) -> Sequence[Entry]:
        """The entries of all pages."""
        return [Entry(page.title, address[1:]) for address, page in self._pages.items()]

    async def answer(self, scope: Scope, who: Who) -> App:
        """What answers this address; RequestError 403 for what this role, or another site, may not ask."""
        _check(scope, who)
        page = self._pages.get(scope["path"])
        if page is not None and page.content is not None and scope["method"] in _READING:
            return html_reply(200, await self._page(scope["path"], page))
        scope[ROLE] = who.role
        prefix = "/".join(scope["path"].split("/")[:3])
        for own, routes in self._routes:
            if own == prefix:
                if own not in self._apps:
                    self._apps[own] = below(own, routes, _missing)
                return self._apps[own]
        return _missing

    async def _page(self, address: str, page: AddedPage) -> str:
        assert page.content is not None
        home = "../" * (address.count("/") - 1)
        content = await page.content()
        return template(
            "added.html", TEMPLATES, title=page.title, run=self._run, content=content, home=home, here=address[1:],
            navigation=self.navigation,
        )  # fmt: skip


def _check(scope: Scope, who: Who) -> None:
    if scope["method"] in _READING:
        return
    if who.role != "owner":
        raise RequestError(403, "refused", "You may look at this, and change nothing.")
    if who.session is None:  # a bearer token, which no other site can send
        return
    site, origin, host = (header(scope, name) for name in (b"sec-fetch-site", b"origin", b"host"))
    same = site == b"same-origin" if site is not None else (origin or b"").partition(b"://")[2] == (host or b"-")
    if not same:
        raise RequestError(403, "refused", "This did not come from the admin pages. Reload and try again.")


async def _missing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RequestError(404, "not_found", "There is nothing at this address.")
