"""The plugins of one run: made, given their options, checked against each other and the hooks.

The order of registration is fixed: the core's defaults, built-in extensions, architect, provider,
blueprint, listed extensions, hooks.py, functions given from Python. What is registered last is asked first.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from crowdcore.base.faults import described
from crowdcore.base.version import __version__
from crowdcore.errors import PluginError
from crowdcore.plugins.catalogue import Catalogue, catalogue, make
from crowdcore.plugins.checks import HOOKS, INNER, implementations
from crowdcore.plugins.defaults import CoreDefaults
from crowdcore.plugins.hookspecs import SPECS
from crowdcore.plugins.inspection import acting
from crowdcore.plugins.local import LocalFiles, is_unpackaged
from crowdcore.plugins.markers import PROJECT
from crowdcore.plugins.procedures import MARK, collect
from crowdcore.plugins.run import Run

if TYPE_CHECKING:
    from crowdcore.plugins.configuration import Configuration
    from crowdcore.plugins.run import RunServices

CORE = "core"
"""The name under which the core's own defaults are registered."""
HOOKS_PY = "hooks.py"
Given = ModuleType | Path | str | Sequence[object] | None


@dataclass(frozen=True)
class Registered:
    """One plugin of a run: `name` is `provider:mturk`, `label` what messages call it."""

    name: str
    label: str
    instance: object
    version: str
    options: Any = None

    def tokens(self, attribute: str) -> set[str]:
        """What it `needs`, `wants` or `offers` (a class attribute or a property that asks the options)."""
        found = getattr(self.instance, attribute, ())
        return {found} if isinstance(found, str) else set(found)


class RunPlugins:
    """Everything that may answer a hook of one run.

    `hooks_module` is the task's hooks.py (a path, or the module if it is loaded), or a list of
    `@hookimpl` functions and plugin objects given from Python; `hooks` is such a list beside it. With
    none, `config.hooks` is loaded. `snapshot_dir` holds the local files as they were at launch.
    `built_in` are the core's own extensions by name. PluginError and ConfigError before anything runs.
    """

    def __init__(
        self,
        config: Configuration,
        *,
        hooks_module: Given = None,
        hooks: Sequence[object] = (),
        snapshot_dir: Path | None = None,
        built_in: Mapping[str, object] | None = None,
        installed: Catalogue | None = None,
    ) -> None:
        self.config = config
        self.files = LocalFiles(config.task_dir, snapshot_dir)
        self.registered: dict[str, Registered] = {}
        self.warnings: list[str] = []
        """Doubtful combinations, one line each, to show before launch."""
        self.manager = pluggy.PluginManager(PROJECT)
        _add_specs(self.manager)
        self._installed = installed or catalogue()
        self._register(Registered(CORE, "core", CoreDefaults(), __version__))
        for name, instance in (built_in or {}).items():
            self._register(Registered(f"extension:{name}", f"extension {name!r}", instance, __version__))
        for kind in ("architect", "provider", "blueprint"):
            choice = getattr(config, kind)
            self._register(self._make(kind, choice.type, choice.options))
        for choice in config.extensions:
            made = self._make("extension", choice.type, choice.options)
            again = sum(name.partition("#")[0] == made.name for name in self.registered)  # with other options
            self._register(replace(made, name=f"{made.name}#{again + 1}") if again else made)
        for plugin in self._local(hooks_module, hooks):
            self._register(plugin)
        self.bots = [self._make("bot", choice.type, choice.options) for choice in config.pairing.stand_in]
        """The stand-ins, in the order in which they take over (`crowdcore.plugins.stand_ins` asks them); no hooks."""
        faults = [line for bot in self.bots for line in acting(bot.instance, bot.label)]
        if faults:
            raise PluginError.many(faults)
        self.manager.check_pending()
        self._check_needs()
        self.procedures = collect((plugin.label, plugin.instance) for plugin in self._of_the_task())
        """The `@procedure` functions of hooks.py and of what was given from Python, by name."""

    @property
    def hooks_py(self) -> object | None:
        """The module of the task's hooks.py; None if it has none."""
        found = self.registered.get(HOOKS_PY)
        return None if found is None else found.instance

    def versions(self) -> dict[str, str]:
        """Plugin name → version of its distribution; `sha256:…` of the text for local files."""
        return {plugin.name: plugin.version for plugin in [*self.registered.values(), *self.bots]}

    def sources(self) -> dict[Path, str]:
        """Local Python files of this run, with what they import from beside them → SHA-256 (hex)."""
        for plugin in (*self.registered.values(), *self.bots):
            load = getattr(plugin.instance, "load_python", None)
            if load is not None:  # what a file imports from beside it is known once it ran
                load(self.files.module)
        return self.files.sources()

    def options(self, plugin: str) -> Any:
        """The options that a plugin sees as `run.options`; hooks.py sees the blueprint's."""
        return self.config.blueprint.options if self.space(plugin) == HOOKS_PY else self.registered[plugin].options

    def facade(self, services: RunServices, plugin: str) -> Run:
        """The `run` that one plugin gets, by its name."""
        return Run(
            services, plugin, self.options(plugin), self.space(plugin), procedures=self.procedures,
            from_snapshot=self.files.snapshot is not None, module=self.files.module,
        )  # fmt: skip

    def space(self, plugin: str) -> str:
        """Whose records a plugin's are: everything that the task itself brings shares one name."""
        return HOOKS_PY if plugin.startswith("hooks") else plugin

    def _of_the_task(self) -> Iterable[Registered]:
        return (plugin for name, plugin in self.registered.items() if self.space(name) == HOOKS_PY)

    def _make(self, kind: str, name: str, options: Any) -> Registered:
        cls, version, label = self._class(kind, name)
        instance = make(cls, label)
        if options is None and hasattr(cls, "Options"):
            options = make(cls.Options, f"the options of {label}")
        instance.options = options
        return Registered(f"{kind}:{name}", label, instance, version, options)

    def _class(self, kind: str, name: str) -> tuple[Any, str, str]:
        if is_unpackaged(name):
            cls = self.files.cls(name)
            return cls, self.files.version(Path(name.rpartition(":")[0])), f"{kind} {name!r}"
        entry = self._installed.find(kind, name)
        return self._installed.load(kind, name), entry.version, entry.label

    def _local(self, given: Given, hooks: Sequence[object]) -> Iterable[Registered]:
        functions = list(hooks)
        if isinstance(given, str | Path):
            given = Path(given)
        elif given is not None and not isinstance(given, ModuleType):
            functions, given = [*given, *functions], None
        path = given or self.config.hooks
        if isinstance(path, ModuleType):
            yield Registered(HOOKS_PY, HOOKS_PY, path, "given")
        elif path is not None:
            yield Registered(HOOKS_PY, path.name, self.files.module(path), self.files.version(path))
        for number, item in enumerate(functions, 1):
            name = "hooks" if number == 1 else f"hooks {number}"
            yield Registered(name, name, _as_plugin(item, name), "given")

    def _register(self, plugin: Registered) -> None:
        implementations(plugin.instance, plugin.label)
        try:
            self.manager.register(plugin.instance, plugin.name)
        except (ValueError, pluggy.PluginValidationError) as error:
            raise PluginError(f"{plugin.label}: {described(error)}") from error
        self.registered[plugin.name] = plugin

    def _check_needs(self) -> None:
        plugins = list(self.registered.values())
        offered = set().union(*(plugin.tokens("offers") for plugin in plugins))
        asked = ", ".join(
            p.label for p in plugins if p.name.partition(":")[0] in ("architect", "provider", "blueprint")
        )
        problems = []
        for plugin in plugins:
            for need in sorted(plugin.tokens("needs") - offered):
                problems.append(f"{plugin.label} needs {need}, which none of these offers: {asked}")
            for wish in sorted(plugin.tokens("wants") - offered):
                self.warnings.append(f"{plugin.label} works better with {wish}, which none of these offers: {asked}")
        if problems:
            raise PluginError.many(problems)


def _add_specs(manager: pluggy.PluginManager) -> None:
    """Teach pluggy the hooks; owner hooks also take `inner`, which their specifications do not list."""
    for group in SPECS:
        manager.add_hookspecs(group)
    for name, hook in HOOKS.items():
        spec = getattr(manager.hook, name).spec
        if hook.kind == "owner":
            spec.argnames = (*spec.argnames, INNER)


def _as_plugin(item: object, name: str) -> object:
    """A function or class given from Python as something pluggy registers."""
    if isinstance(item, type):
        return item()
    if not inspect.isroutine(item):
        return item
    if not hasattr(item, f"{PROJECT}_impl") and not hasattr(item, MARK):
        raise PluginError(f"{name}: the function {item.__name__} is not marked; write @hookimpl above it")
    holder = ModuleType(name)
    setattr(holder, item.__name__, item)
    return holder
