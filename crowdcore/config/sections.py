"""A resolved tree becomes the typed sections of a RunConfig, with every problem noted."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path
from typing import Any

from crowdcore.base.paths import config_dir
from crowdcore.config.choices import CHOICES, Plugins, options_class, read_choice
from crowdcore.config.resolve import escape, leaves, value_at
from crowdcore.config.secrets import reference_of
from crowdcore.config.sources import PLUGIN_SECTIONS
from crowdcore.errors import CrowdError
from crowdcore.plugins.option_types import default_text, fields_of
from crowdcore.plugins.options import Key, Reading, convert, describe, dotted, read, unknown
from crowdcore.plugins.schema import AdminConfig, ExtensionChoice, GatesConfig, PairingConfig, TaskConfig

SECTIONS: dict[str, type] = {"task": TaskConfig, "gates": GatesConfig, "pairing": PairingConfig, "admin": AdminConfig}
KEYS = ("task", "args", *PLUGIN_SECTIONS, "gates", "pairing", "admin", "extensions", "hooks", "extends")


def build(
    tree: dict[str, Any], reading: Reading, plugins: Plugins, hooks_module: Any = None, *, asked: bool = True
) -> dict[str, Any]:
    """The fields of a RunConfig by name; incomplete if `reading` has problems afterwards.

    `hooks_module` is hooks.py if it is loaded already; else it is loaded when there is one. `asked`: whether money is
    whole in the provider's currency; not of what is stored, which must stay readable.
    """
    for name in tree:
        if name not in KEYS:
            reading.problem((name,), unknown(name, list(KEYS)))
    found: dict[str, Any] = {}
    loaded: list[tuple[Key, type]] = []
    if asked:
        reading.currency = _currency_ahead(tree, reading, plugins)
    for kind in PLUGIN_SECTIONS:
        section = _section(tree, kind, reading)
        plugin, found[kind] = read_choice(kind, section, reading, (kind,), plugins)
        if plugin is not None:
            loaded.append(((kind,), options_class(plugin)))
        if kind == "provider":
            found["currency"] = _currency(plugin, found[kind])
    found["task"] = _task(_section(tree, "task", reading), reading, plugins.task_dir)
    found["gates"] = read(GatesConfig, _section(tree, "gates", reading), reading, ("gates",))
    found["admin"] = read(AdminConfig, _section(tree, "admin", reading), reading, ("admin",))
    found["pairing"] = _pairing(_section(tree, "pairing", reading), reading, plugins, loaded)
    found["extensions"] = _extensions(tree.get("extensions"), reading, plugins, loaded)
    found["hooks"] = _hooks_path(tree, reading, plugins.task_dir)
    module = _hooks_module(found["hooks"], hooks_module, reading)
    found["args"] = _args(_section(tree, "args", reading), module, reading, loaded)
    for key, cls in loaded:
        _place_secrets(tree, key, cls, reading)
    return found


def defaults(tree: dict[str, Any], plugins: Plugins) -> dict[str, Any]:
    """The default values of the core and of the plugins that `tree` names, as task.yaml would write them."""
    found = {name: _written(cls) for name, cls in SECTIONS.items()}
    found["task"]["name"] = escape(plugins.task_dir.name)
    for kind in PLUGIN_SECTIONS:
        section = tree.get(kind)
        try:
            name = section.get("type") if isinstance(section, dict) else None
            plugin = plugins.load(kind, str(name or plugins.default(kind)))
            found[kind] = {**_written(CHOICES[kind]), **_written(options_class(plugin))}
        except (CrowdError, TypeError):
            continue  # told when the choice is read
    return found


def _written(cls: type) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, info in fields_of(cls).items():
        if info.default is None or type(info.default) in (bool, int):
            values[name] = info.default
        elif isinstance(info.default, str | float | Decimal):
            values[name] = escape(default_text(info.annotation, info.default))
    return values


def _section(tree: dict[str, Any], name: str, reading: Reading) -> dict[str, Any]:
    value = tree.get(name, {})
    if isinstance(value, dict):
        return value
    if value is not None:
        reading.refuse((name,), "expected a section of options", value)
    return {}


def _task(tree: dict[str, Any], reading: Reading, task_dir: Path) -> TaskConfig | None:
    task = read(TaskConfig, tree, reading, ("task",))
    if task is None:
        return None
    name = task.name.strip() or task_dir.name or "task"
    if not name.isprintable() or len(name) > 200:
        reading.refuse(("task", "name"), "expected at most 200 printable characters", name)
    return dataclasses.replace(task, name=name)


def _pairing(
    tree: dict[str, Any], reading: Reading, plugins: Plugins, loaded: list[tuple[Key, type]]
) -> PairingConfig | None:
    """`pairing`, its stand-ins with the options of their bots."""
    bots = tree.get("stand_in")
    stand_ins: list[Any] = []
    if bots is not None and not (isinstance(bots, list) and all(isinstance(bot, dict) for bot in bots)):
        reading.refuse(("pairing", "stand_in"), "expected {type: a bot's name, …} or a list of them", bots)
        return None
    for at, bot in enumerate(bots or []):
        key = ("pairing", "stand_in", str(at))
        plugin, choice = read_choice("bot", bot, reading, key, plugins)
        stand_ins.append(choice)
        if plugin is not None:
            loaded.append((key, options_class(plugin)))
    return read(PairingConfig, tree, reading, ("pairing",), given={"stand_in": stand_ins})


def _currency_ahead(tree: dict[str, Any], reading: Reading, plugins: Plugins) -> str | None:
    """The provider's currency before anything else is read; None if the provider cannot be read, which is told then."""
    trial = dataclasses.replace(reading, problems=[])
    plugin, choice = read_choice("provider", _section(tree, "provider", trial), trial, ("provider",), plugins)
    return None if choice is None else _currency(plugin, choice)


def _currency(plugin: Any, choice: Any) -> str:
    """A provider's currency: its option of that name, else the class attribute, else USD."""
    options = getattr(choice, "options", None)
    return str(getattr(options, "currency", None) or getattr(plugin, "currency", None) or "USD")


def _extensions(
    value: Any, reading: Reading, plugins: Plugins, loaded: list[tuple[Key, type]]
) -> list[ExtensionChoice]:
    """Each is a name, or {type: a name, …} with its options; text names several."""
    if isinstance(value, str):
        value = convert(list[str], value, reading, ("extensions",), {})
    found: list[ExtensionChoice] = []
    for at, item in enumerate([value] if isinstance(value, dict) else value if isinstance(value, list) else []):
        key = ("extensions", str(at))
        if not isinstance(item, dict):
            name = convert(str, item, reading, key, {})
            before = len(reading.problems)
            try:
                plugins.load("extension", str(name))
            except CrowdError as error:
                for line in error.problems:
                    reading.problem(key, line)
            if len(reading.problems) > before or not isinstance(name, str):
                continue
            item = {"type": name}
        plugin, choice = read_choice("extension", item, reading, key, plugins)
        if plugin is not None:
            loaded.append((key, options_class(plugin)))
        if choice is not None and choice not in found:
            found.append(choice)
    if value is not None and not isinstance(value, list | dict):
        reading.refuse(("extensions",), "expected a list of names, or of {type: a name, …}", value)
    return found


def _hooks_path(tree: dict[str, Any], reading: Reading, task_dir: Path) -> Path | None:
    """The file named by `hooks`; without the key, hooks.py beside the task; `hooks: null` is none."""
    if "hooks" not in tree:
        beside = task_dir / "hooks.py"
        return beside if beside.is_file() else None
    if tree["hooks"] in (None, "", False):
        return None
    path = convert(Path, tree["hooks"], reading, ("hooks",), {})
    return path if isinstance(path, Path) else None


def _hooks_module(path: Path | None, module: Any, reading: Reading) -> Any:
    if module is not None or path is None:
        return module
    from crowdcore.plugins.local import load_hooks_module  # loads the plugin machinery: only with hooks

    try:
        return load_hooks_module(path)
    except CrowdError as error:
        reading.problems += error.problems
        return None


def _args(tree: dict[str, Any], module: Any, reading: Reading, loaded: list[tuple[Key, type]]) -> Any:
    """An instance of the task's Args dataclass, or the mapping as it is when hooks.py has none."""
    cls = getattr(module, "Args", None)
    if cls is None:
        return dict(tree)
    try:
        args = read(cls, tree, reading, ("args",))
        loaded.append((("args",), cls))
    except TypeError as error:
        reading.problem(("args",), f"the options of Args in hooks.py cannot be read: {error}")
        return None
    return args


def _place_secrets(tree: dict[str, Any], key: Key, cls: type, reading: Reading) -> None:
    """Give every secret option a reference to store; one that is written in the open is a problem."""
    patterns = [(*key, *doc.name.replace("[]", ".*").split(".")) for doc in describe(cls) if doc.secret]
    for at, origin in list(reading.origins.items()):
        if origin.reference is not None or not any(_matches(pattern, at) for pattern in patterns):
            continue
        reference = reference_of(at, origin)
        if reference is None:
            told = f"is secret: write ${{oc.env:{at[-1].upper()}}} here and set that variable, or put it into a profile"
            reading.problem(at, f"{told} in {config_dir() / 'profiles'} that only you can read (chmod 600)")
            continue
        reading.origins[at] = dataclasses.replace(origin, reference=reference)
        secret = value_at(tree, at)
        for other, value in leaves(tree):
            if secret and isinstance(value, str) and str(secret) in value and reading.origin(other).reference is None:
                reading.problem(other, f"repeats the secret {dotted(at)}, which is never stored")


def _matches(pattern: Key, key: Key) -> bool:
    return len(pattern) == len(key) and all(part in ("*", name) for part, name in zip(pattern, key, strict=True))
