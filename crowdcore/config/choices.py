"""The plugins that a configuration names: their classes, and their options."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crowdcore.config.sources import PLUGIN_SECTIONS, Layer
from crowdcore.errors import CrowdError
from crowdcore.plugins.option_types import faults_of, fields_of
from crowdcore.plugins.options import Key, Reading, convert, read, unknown
from crowdcore.plugins.schema import ArchitectChoice, BlueprintChoice, ExtensionChoice, ProviderChoice, StandIn

CHOICES: dict[str, type] = {
    "blueprint": BlueprintChoice, "provider": ProviderChoice, "architect": ArchitectChoice, "bot": StandIn,
    "extension": ExtensionChoice,
}  # fmt: skip


class Catalogue(Protocol):
    """What is asked of the catalogue of plugins (`crowdcore.plugins.catalogue()`)."""

    def load(self, kind: Any, name: str) -> Any:
        """The class that is registered under `name`; a CrowdError says why there is none."""

    def find(self, kind: Any, name: str) -> Any:
        """The entry of `name`, without importing it; a CrowdError if there is none."""

    def default(self, kind: Any) -> Any:
        """The entry (with `.name`) used when task.yaml names none; a CrowdError if there is none."""


@dataclass(frozen=True)
class NoOptions:
    """The options of a plugin that declares none."""


@dataclass
class Plugins:
    """Looks plugin classes up: by name in the catalogue, or `./file.py:Class` beside the task."""

    catalogue: Catalogue
    task_dir: Path
    snapshot: Path | None = None

    def load(self, kind: str, name: str) -> Any:
        """The class; a CrowdError says why there is none."""
        if ".py:" in name:
            from crowdcore.plugins.local import load_unpackaged  # loads the plugin machinery: only when it is needed

            return load_unpackaged(name, self.task_dir, self.snapshot)
        return self.catalogue.load(kind, name)

    def default(self, kind: str) -> str:
        """The name of the plugin used when none is named; a CrowdError if there is none."""
        return str(self.catalogue.default(kind).name)


def options_class(plugin: Any) -> type:
    """The Options dataclass of a plugin class."""
    return getattr(plugin, "Options", None) or NoOptions


def drop_foreign_options(layers: Iterable[Layer], plugins: Plugins) -> None:
    """Take the options of plugins that a higher layer replaced out of the lower layers.

    A layer's options belong to the plugin that is chosen as far as this layer sees: by itself, by a layer
    below, or by default. When the final choice is another one (a profile says mturk, the command line
    `provider=prolific`), they are dropped, except the options common to all plugins of the kind and those
    that both plugins inherit from one class (mturk and mturk_sandbox share all of theirs).
    """
    layers = list(layers)
    for kind in PLUGIN_SECTIONS:
        belongs: list[tuple[Layer, dict[str, Any], Any]] = []
        current: Any = _quietly_default(plugins, kind)
        for layer in layers:
            section = layer.values.get(kind)
            if isinstance(section, dict):
                current = section.get("type", current)
                belongs.append((layer, section, current))
        for layer, section, name in belongs:
            if isinstance(name, str) and isinstance(current, str) and name != current:
                kept = _shared(kind, name, current, plugins)
                for option in [option for option in section if option not in kept]:
                    del section[option]
                    at = (kind, option)
                    layer.origins = {key: origin for key, origin in layer.origins.items() if key[:2] != at}


def _quietly_default(plugins: Plugins, kind: str) -> str | None:
    try:
        return plugins.default(kind)
    except CrowdError:
        return None  # told when the choice is read


def _shared(kind: str, one: str, other: str, plugins: Plugins) -> set[str]:
    common = set(fields_of(CHOICES[kind])) - {"type"}
    try:
        classes = [options_class(plugins.load(kind, name)) for name in (one, other)]
        names = set(fields_of(classes[0])) & set(fields_of(classes[1]))
    except (CrowdError, TypeError):
        return common  # the replaced plugin need not even be installed
    return common | {name for name in names if _declaring(classes[0], name) is _declaring(classes[1], name)}


def _declaring(cls: type, name: str) -> type:
    return next(base for base in cls.__mro__ if name in inspect.get_annotations(base))


def read_choice(kind: str, tree: dict[str, Any], reading: Reading, key: Key, plugins: Plugins) -> tuple[Any, Any]:
    """The plugin class and the choice (type, common fields, options) from the section `tree` at `key`.

    (None, None) or (class, None) after noting problems.
    """
    name = _chosen(kind, tree, reading, key, plugins)
    if name is None:
        return None, None
    try:
        plugin = plugins.load(kind, name)
        faults = [
            f"the options of {kind} '{name}' cannot be read: {fault}" for fault in faults_of(options_class(plugin))
        ]
    except CrowdError as error:
        plugin, faults = None, error.problems
    for line in faults:
        reading.problem((*key, "type"), line)
    if faults:
        return None, None
    own = fields_of(options_class(plugin))
    before = len(reading.problems)
    common = {n: info for n, info in fields_of(CHOICES[kind]).items() if n != "type"}
    known = [*own, *(n for n in common if n not in own)]
    labelled = dataclasses.replace(reading, labels={**reading.labels, key: f"{kind} '{name}'"})
    for given in tree:
        if given not in known and given != "type":
            labelled.problem((*key, given), unknown(given, known))
    values = {
        n: convert(info.annotation, tree[n], reading, (*key, n), info.meta)
        for n, info in common.items()
        if n in tree and n not in own
    }
    options: Any = read(options_class(plugin), {n: v for n, v in tree.items() if n in own}, labelled, key)
    if len(reading.problems) > before or options is None:
        return plugin, None
    values |= {n: getattr(options, n) for n in common if n in own}
    return plugin, CHOICES[kind](type=name, options=options, **values)


def _chosen(kind: str, tree: dict[str, Any], reading: Reading, key: Key, plugins: Plugins) -> str | None:
    name: Any = tree.get("type")
    if (*key, "type") in reading.broken:
        return None
    if name is None and kind in ("bot", "extension"):
        article = {"bot": "a bot"}.get(kind, f"an {kind}")
        reading.problem((*key, "type"), f"is required (the name of {article}, `crowd plugins` lists them)")
        return None
    if name is None:
        try:
            return plugins.default(kind)
        except CrowdError as error:
            for line in error.problems:
                reading.problem((*key, "type"), line)
            return None
    if not isinstance(name, str) or not name.strip():
        reading.refuse((*key, "type"), f"expected the name of a {kind}", name)
        return None
    base = reading.origin((*key, "type")).base
    if ".py:" in name and base is not None and base != plugins.task_dir:
        return str(base / name)  # an unpackaged plugin lies beside the file that names it
    return name
