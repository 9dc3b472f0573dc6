"""Which plugins are installed, read from entry points; nothing is imported until it is loaded by name.

A plugin is known by its kind and its name (what task.yaml says); two distributions that claim one name
are an error, but only for those who use that name. Entry points of the group `crowdcore.defaults`
(`provider = "the value of the plugin's own entry point"`) mark what is used when task.yaml names none.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crowdcore.base.faults import described, imported_at, meant
from crowdcore.errors import CrowdError, PluginError

if TYPE_CHECKING:
    from importlib.metadata import Distribution

GROUPS: Mapping[str, str] = {
    "blueprint": "crowdcore.blueprints",
    "provider": "crowdcore.providers",
    "architect": "crowdcore.architects",
    "bot": "crowdcore.bots",
    "extension": "crowdcore.extensions",
    "command": "crowdcore.commands",
    "exporter": "crowdcore.exporters",
}
"""Kind of plugin → its entry-point group."""
DEFAULTS = "crowdcore.defaults"
CLASSES = ("blueprint", "provider", "architect", "bot", "extension")
"""Kinds whose entry points name a class; the others name a callable."""

_PREFIX = {"blueprint": "crowd-blueprint-", "architect": "crowd-architect-", "bot": "crowd-bot-"}
_ON_CORE = re.compile(r"crowdcore(?![\w.-])", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Entry:
    """One entry point: `name` is what users write, `value` (`module:Class`) where it lives.

    `dist` and `version` are the distribution's; `requires` its requirement strings on crowdcore, `others`
    those on anything else.
    """

    kind: str
    name: str
    dist: str
    version: str
    value: str = ""
    group: str = ""
    requires: tuple[str, ...] = field(default=(), repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)

    @property
    def label(self) -> str:
        """How messages call it: `provider 'mturk' (crowd-mturk 0.1.0)`."""
        return f"{self.kind} {self.name!r} ({self.dist} {self.version})"


class Catalogue:
    """The plugins that are installed. Make one from `entries` in tests; else use `catalogue()`."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._all = sorted(set(entries))

    def entries(self, kind: str | None = None) -> list[Entry]:
        """Every entry, or those of one `kind`, by kind and name; clashing ones too."""
        return [e for e in self._all if (e.kind == kind if kind else e.kind in GROUPS)]

    def names(self, kind: str) -> list[str]:
        """The names of one kind, each once."""
        return sorted({entry.name for entry in self.entries(kind)})

    def clashes(self) -> list[list[Entry]]:
        """Groups of entries that claim the same name of the same kind."""
        return [found for kind in GROUPS for name in self.names(kind) if len(found := self._named(kind, name)) > 1]

    def find(self, kind: str, name: str) -> Entry:
        """The entry of this name; PluginError if it is not installed or claimed twice."""
        found = self._named(kind, name)
        if not found:
            raise PluginError(self._missing(kind, name))
        if len(found) > 1:
            raise PluginError(clash(found))
        return found[0]

    def default(self, kind: str) -> Entry:
        """The entry used when task.yaml names none of this kind; PluginError if there is none or several."""
        marks = {(mark.value, mark.dist) for mark in self._all if mark.group == DEFAULTS and mark.name == kind}
        found = [entry for entry in self.entries(kind) if (entry.value, entry.dist) in marks]
        names = ", ".join(self.names(kind))
        if not found:
            hint = f"installed: {names}" if names else f"install one: `pip install {suggestion(kind, 'NAME')}`"
            raise PluginError(
                f"the task names no {kind} and none is the default; write {kind}: {{type: NAME}} ({hint})"
            )
        if len(found) > 1:
            claimants = " and ".join(sorted(f"{e.name} ({e.dist} {e.version})" for e in found))
            raise PluginError(
                f"{kind}: {claimants} all claim to be the default; write {kind}: {{type: NAME}} in task.yaml"
            )
        return self.find(kind, found[0].name)

    def load(self, kind: str, name: str) -> Any:
        """Import the class (for commands and exporters, the callable) of this name.

        PluginError, one line, if it is not installed, made for another crowdcore, broken or no class.
        """
        return load_entry(self.find(kind, name))

    def _named(self, kind: str, name: str) -> list[Entry]:
        return [entry for entry in self.entries(kind) if entry.name == name]

    def _missing(self, kind: str, name: str) -> str:
        names = self.names(kind)
        installed = f"Installed: {', '.join(names) or 'none'}"
        if name.endswith(".py") or "/" in name:
            return f"{kind} {name!r} names a file without a class; write it as ./file.py:ClassName"
        if hint := meant(name, names):
            return f"no {kind} named {name!r}{hint} {installed}"
        others = [other for other in GROUPS if name in self.names(other)]
        if others:
            return f"no {kind} named {name!r} ({name!r} is the name of a {' and a '.join(others)}). {installed}"
        if not name.replace("-", "_").isidentifier() or not name.isascii():
            return f"no {kind} named {name!r}. {installed}"
        return f"no {kind} named {name!r}; perhaps `pip install {suggestion(kind, name)}`. {installed}"


def suggestion(kind: str, name: str) -> str:
    """The distribution that probably holds a plugin, by the naming custom of the field."""
    base = name.removesuffix("_sandbox") if kind == "provider" else name
    return _PREFIX.get(kind, "crowd-") + base.replace("_", "-")


def clash(entries: list[Entry]) -> str:
    """What is wrong when several distributions claim one name, and what to do."""
    claimants = " and ".join(f"{entry.dist} {entry.version} ({entry.value})" for entry in entries)
    return f"{entries[0].kind} {entries[0].name!r} is provided by {claimants}; uninstall all but one"


def load_entry(entry: Entry) -> Any:
    """Import what `entry` names, after comparing versions; PluginError in one line."""
    from importlib.metadata import EntryPoint

    check_version(entry)
    check_requirements(entry)
    try:
        loaded = EntryPoint(entry.name, entry.value, entry.group).load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even exit at import
        where = imported_at(error, __file__)
        raise PluginError(f"{entry.label} cannot be imported: {described(error)}{where}") from error
    if entry.kind in CLASSES and not isinstance(loaded, type):
        raise PluginError(f"{entry.label}: {entry.value} is no class")
    if not callable(loaded):
        raise PluginError(f"{entry.label}: {entry.value} cannot be called")
    return loaded


def make(cls: Any, label: str) -> Any:
    """An instance of a plugin's class; PluginError, one line, if it cannot be made."""
    try:
        return cls()
    except CrowdError:
        raise
    except Exception as error:
        raise PluginError(f"{label} cannot be made: {described(error)}") from error


def check_version(entry: Entry) -> None:
    """PluginError if the distribution of `entry` was made for another crowdcore; imports no plugin."""
    from crowdcore.base.version import __version__

    if not entry.requires:
        return
    from packaging.requirements import InvalidRequirement, Requirement  # only when a plugin is loaded

    for text in entry.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and not requirement.specifier.contains(__version__, prereleases=True):
            raise PluginError(
                f"{entry.label} needs crowdcore{requirement.specifier}, but crowdcore {__version__} is installed;"
                f" `pip install --upgrade crowdcore {entry.dist}` finds versions that fit"
            )


def check_requirements(entry: Entry) -> None:
    """PluginError if a distribution is missing that the plugin needs: its import may fail only while people work."""
    from importlib.metadata import PackageNotFoundError, version

    from packaging.requirements import InvalidRequirement, Requirement  # only when a plugin is loaded

    missing = []
    for text in entry.others:
        try:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                version(requirement.name)
        except InvalidRequirement:
            continue
        except PackageNotFoundError:
            missing.append(f"{requirement.name}{requirement.specifier}")
    if missing:
        told, asked = ", ".join(missing), " ".join(repr(each) for each in missing)
        raise PluginError(f"{entry.label} needs {told}, which is not installed; `pip install {asked}`")


@functools.cache
def catalogue() -> Catalogue:
    """What is installed in this process's environment, read once."""
    return Catalogue(_scan())


def _scan() -> Iterable[Entry]:
    from importlib.metadata import distributions  # 30 ms, and not every command asks

    seen: set[str] = set()
    for dist in distributions():
        try:
            text = dist.read_text("entry_points.txt") or ""
            if "crowdcore." not in text:  # cheaper than parsing the metadata of everything installed
                continue
            name, version = dist.name, dist.version
            key = name.lower().replace("_", "-").replace(".", "-")
            if key in seen:  # the same distribution again, further down the path
                continue
            seen.add(key)
            yield from _entries(dist, name, version)
        except Exception as error:
            # One damaged distribution must not take the others along; whoever names its plugins reads of it.
            _log_damaged(dist, error)


def _log_damaged(dist: Any, error: Exception) -> None:
    import logging

    where = getattr(dist, "_path", dist)
    logging.getLogger("crowdcore.plugins").warning("ignored a damaged distribution: %s: %s", where, described(error))


def _entries(dist: Distribution, name: str, version: str) -> Iterable[Entry]:
    kinds = {group: kind for kind, group in GROUPS.items()} | {DEFAULTS: "default"}
    needed = dist.requires or ()
    core = tuple(text for text in needed if _ON_CORE.match(text))
    others = tuple(text for text in needed if not _ON_CORE.match(text))
    for point in dist.entry_points:
        if point.group in kinds:
            yield Entry(kinds[point.group], point.name, name, version, point.value, point.group, core, others)
