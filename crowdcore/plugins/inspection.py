"""What is wrong with a plugin by itself, whatever task uses it: told by `crowd plugins --check` and at launch."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from crowdcore.errors import CrowdError
from crowdcore.plugins.catalogue import CLASSES, Entry, load_entry, make
from crowdcore.plugins.option_types import faults_of

_ACT = ("item", "conversation", "me")


def problems_of(entry: Entry) -> list[str]:
    """What is wrong with an installed plugin, a line for each fault: version, import, hooks, options. Imports it."""
    try:
        loaded = load_entry(entry)
        if entry.kind not in CLASSES:
            return []
        found = [f"{entry.label}: Options: {fault}" for fault in _options(loaded)]
        instance = make(loaded, entry.label)
    except CrowdError as error:
        return error.problems
    return [*found, *_own(entry.kind, instance, entry.label)]


def _options(loaded: Any) -> list[str]:
    own = getattr(loaded, "Options", None)
    return [] if own is None else faults_of(own)


def _own(kind: str, instance: Any, label: str) -> Iterator[str]:
    from crowdcore.plugins.checks import implementations  # brings pluggy along

    if kind == "bot":
        yield from acting(instance, label)
        return
    try:
        hooks = implementations(instance, label)
    except CrowdError as error:
        yield from error.problems
        return
    if kind == "architect" and "architect_deploy" not in hooks:
        yield f"{label} does not implement architect_deploy, so nothing can be served with it"


def acting(bot: Any, label: str) -> Iterator[str]:
    """What is wrong with a bot's `act`."""
    act = getattr(bot, "act", None)
    if not callable(act):
        yield f"{label} has no method act(item, conversation, me), which is what a bot does"
    elif inspect.iscoroutinefunction(act):
        yield f"{label}: act is an async function; write a plain def, it runs on a thread of its own"
    else:
        try:
            inspect.signature(act).bind(*_ACT)
        except (TypeError, ValueError) as error:
            yield f"{label}: act(item, conversation, me) cannot be called so: {error}"
