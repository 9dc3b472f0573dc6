"""What plugins add for the people who run tasks: metrics, pages, routes. Each is asked with a time limit."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crowdcore.base.faults import shown
from crowdcore.errors import CrowdError, PluginError
from crowdcore.plugins import results

if TYPE_CHECKING:
    from crowdcore.plugins.hooks import Contributed, Hooks

SECONDS = 5.0
"""What asking one plugin for its metrics may take: scrapers do not wait for long."""
CORE = "crowd_"

log = logging.getLogger("crowdcore.plugins")


class AddedMetrics:
    """The collectors that plugins added. What fails is told once, and left out until it goes again."""

    def __init__(self, hooks: Hooks, contributed: Sequence[Contributed]) -> None:
        self._hooks = hooks
        self._contributed = contributed
        self._told: dict[int, str] = {}

    async def check(self) -> None:
        """PluginError for what is no collector, and for names that are taken."""
        taken: dict[str, str] = {}
        for _, collector, author in self._contributed:
            says = f"register_metrics of {author}"
            if not callable(getattr(collector, "collect", None)):
                raise PluginError(f"{says} answered {shown(collector)}; the hook wants collectors of prometheus_client")
            for family in await self._families(collector, author):
                if family.name.startswith(CORE):
                    raise PluginError(f"{says}: {family.name!r} begins with {CORE!r}, as the core's own; rename it")
                if taken.setdefault(family.name, author) != author:
                    raise PluginError(f"{says}: {family.name!r} is a metric of {taken[family.name]} too; rename one")

    async def __call__(self) -> list[Any]:
        """The families of all of them now."""
        both = await asyncio.gather(*(self._safely(at, one) for at, one in enumerate(self._contributed)))
        found = {family.name: family for families in both for family in families if not family.name.startswith(CORE)}
        return list(found.values())

    async def _safely(self, at: int, one: Contributed) -> list[Any]:
        try:
            families = await self._families(one.item, one.author)
        except CrowdError as error:
            if self._told.get(at) != str(error):
                log.error("%s; /metrics goes without it", error, exc_info=error.__cause__)
                self._told[at] = str(error)
            return []
        self._told.pop(at, None)
        return families

    async def _families(self, collector: Any, author: str) -> list[Any]:
        from prometheus_client.core import Metric  # 80 ms, and few runs have any

        def collect() -> list[Any]:
            families = list(collector.collect())
            for family in families:
                if not isinstance(family, Metric):
                    raise TypeError(f"{type(collector).__name__} collected {shown(family)}, which is no metric family")
            return families

        return await self._hooks.added(author, "register_metrics", collect, SECONDS)


@dataclass(frozen=True)
class Page:
    """One page of a plugin: `place` is the first word of its address, `content` gives its HTML (None: a route)."""

    place: str
    path: str
    title: str
    content: Callable[[], Awaitable[str]] | None


@dataclass(frozen=True)
class AddedPages:
    """Pages and routes on the requester's origin: /x/PLACE/PATH. Routes stand by their place."""

    pages: Sequence[Page] = ()
    routes: Sequence[tuple[str, Sequence[Contributed]]] = ()


async def added_pages(hooks: Hooks) -> AddedPages:
    """What the plugins of a run add there; PluginError for what cannot be served."""
    routes, pages = await hooks.register_admin_routes(), await hooks.register_admin_pages()
    results.routes(routes, "register_admin_routes")
    results.admin_pages(pages)
    places: dict[str, str] = {}
    for one in (*routes, *pages):
        places.setdefault(one.plugin, _place(one.plugin, places.values()))
    of = {plugin: [one for one in routes if one.plugin == plugin] for plugin in places}
    shown_pages = [Page(places[p.plugin], p.item.path, p.item.title, _content(hooks, p)) for p in pages]
    return AddedPages(shown_pages, [(place, of[plugin]) for plugin, place in places.items() if of[plugin]])


def _content(hooks: Hooks, page: Contributed) -> Callable[[], Awaitable[str]] | None:
    if page.item.content is None:
        return None

    def checked() -> str:
        text = page.item.content()
        if not isinstance(text, str):
            raise TypeError(f"it answered {shown(text)}, which is no text")
        return text

    return lambda: hooks.added(page.author, f"page {page.item.title!r}", checked)


def _place(plugin: str, taken: Any) -> str:
    """`extension:webhook` → webhook, `hooks.py` → hooks, `extension:./a.py:Hook#2` → Hook-2."""
    word = re.sub(r"[^A-Za-z0-9_]+", "-", plugin.removesuffix(".py").rpartition(":")[2]).strip("-") or "plugin"
    place, number = word, 1
    while place in taken:
        number += 1
        place = f"{word}-{number}"
    return place
