"""`crowd resume --reload`: the task's data and files as they are now, once all of them have passed a launch's checks.

What nobody has begun gets its new item, rows that were added are launched; what is being worked on, or done, stays
as those people saw it.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from crowdcore.config.snapshot import folder_of, take
from crowdcore.errors import ConfigError
from crowdcore.state import canonical
from crowdcore.store.queries import items, runs

if TYPE_CHECKING:
    from crowdcore.runs.setup import Setup
    from crowdcore.store import Conn

_PAGE = 500
_NONE = object()
_NAMED = 5
"""Items that a message names at most."""

log = logging.getLogger("crowdcore.run")


@dataclass
class Reload:
    """What the data of now changes in a run; `rest` are the items beyond those that it has launched."""

    changed: dict[int, str] = field(default_factory=dict)
    """Ordinal → item as JSON, of assignments that nobody has begun."""
    kept: list[int] = field(default_factory=list)
    """Ordinals of items that differ, but that somebody works on or has done."""
    gone: int = 0
    """Launched items that the data no longer has."""
    more: bool = False
    rest: Iterator[Any] = field(default_factory=lambda: iter(()))


def compare(setup: Setup, given: Iterator[Any], check: Callable[[Any], None]) -> Reload:
    """The data (`given`, from its first item, each one checked) beside what the run has launched.

    What somebody works on stays as it is, so it must pass `check` too. ConfigError: nothing was changed.
    """
    found = Reload()
    for ordinal, text, begun in _stored(setup):
        item = next(given, _NONE)
        new = None if item is _NONE else _json(item, ordinal)
        if new is None:
            found.gone += 1
        elif new != text and not begun:
            found.changed[ordinal] = new
        elif new != text:
            found.kept.append(ordinal)
        if new is None or (begun and new != text):
            _still_shown(text, ordinal, check)
    first = next(given, _NONE)
    found.more = first is not _NONE
    if found.more:
        found.rest = itertools.chain([first], given)
    return found


def apply(setup: Setup, found: Reload) -> None:
    """Store what `compare` found, with a new snapshot of the files; told to whoever runs the task."""
    sources = take(setup.config, setup.plugins, folder_of(setup.folder))

    def store(conn: Conn) -> None:
        items.change(conn, setup.row.id, found.changed, more=found.more, now=setup.clock.now())
        runs.set_sources(conn, setup.row.id, sources)

    setup.db.write(store)
    name = setup.row.name
    log.warning("%s: files and data as they are now: %s", name, _told(found))
    if found.kept:
        named = ", ".join(str(at) for at in found.kept[:_NAMED]) + (", …" if len(found.kept) > _NAMED else "")
        log.warning("%s: people work on changed items or have done them (%s): these stay as they were", name, named)
    if found.gone:
        log.warning("%s: %d launched items are no longer in the data: they stay as they were", name, found.gone)


def _stored(setup: Setup) -> Iterator[tuple[int, str, bool]]:
    after = -1
    while stored := setup.db.read(partial(items.page, run_id=setup.row.id, after=after, limit=_PAGE)):
        yield from stored
        after = stored[-1][0]


def _told(found: Reload) -> str:
    count = len(found.changed)
    changed = f"{count:,} {'item has' if count == 1 else 'items have'} changed" if count else "no open item has changed"
    return f"{changed}, {'there are new ones' if found.more else 'none was added'}"


def _json(item: Any, ordinal: int) -> str:
    try:
        return canonical(item)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"task data, item {ordinal}: not JSON: {error}") from None


def _still_shown(text: str, ordinal: int, check: Callable[[Any], None]) -> None:
    try:
        check(json.loads(text))
    except ValueError as error:
        raise ConfigError(
            f"task data, item {ordinal}: it stays as it was, and the files of now cannot show that: {error}"
        ) from None
