"""task.yaml and everything around it become a RunConfig."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crowdcore.base.paths import config_dir
from crowdcore.config.choices import Catalogue, Plugins, drop_foreign_options
from crowdcore.config.resolve import merge, resolve
from crowdcore.config.run_config import RunConfig, assemble
from crowdcore.config.sections import defaults
from crowdcore.config.sources import COMMAND_LINE, MAPPING, Layer, display, from_file, from_mapping, from_words
from crowdcore.config.yaml_nodes import Unreadable
from crowdcore.errors import ConfigError
from crowdcore.plugins.option_types import to_path
from crowdcore.plugins.options import Origin, Reading

_PROFILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


def load_config(
    task: Path | str | Mapping[str, Any],
    overrides: Iterable[str] = (),
    profile: str | None = None,
    catalogue: Catalogue | None = None,
    *,
    task_dir: Path | str | None = None,
    hooks_module: Any = None,
) -> RunConfig:
    """The configuration of one run; ConfigError lists every problem, one line each.

    `task` is a YAML file, a folder that holds task.yaml, or the same content as a mapping (then `task_dir`
    is the task's folder, by default the working folder). Layers, each winning over those before: the
    plugins' defaults, the files of `extends`, the profile (`profiles/NAME.yaml` beside the task, else in the
    configuration directory), the task, then `overrides`: words such as `architect.port=3001` or
    `provider=prolific`. `catalogue` defaults to the installed plugins, `hooks_module` to the hooks file.
    """
    sources = _Sources()
    if isinstance(task, Mapping):
        folder = Path(task_dir or Path.cwd()).absolute()
        own = sources.read(lambda: from_mapping(task, folder))
        name = MAPPING
    else:
        file = _task_file(Path(task))
        folder = Path(task_dir).absolute() if task_dir else file.parent
        own = sources.read(lambda: from_file(file))
        name = display(file)
    below = sources.extended(own, [])
    from_profile = sources.profile(profile, folder)
    words = sources.words(overrides, folder)
    if sources.problems:
        raise ConfigError.many(sources.problems)
    layers = [*below, *from_profile, *([own] if own else []), *words]
    return _finish(layers, Reading(Origin(name, base=folder)), folder, catalogue, hooks_module)


def _finish(
    layers: list[Layer], reading: Reading, folder: Path, catalogue: Catalogue | None, hooks_module: Any
) -> RunConfig:
    if catalogue is None:
        from crowdcore.plugins.catalogue import catalogue as installed  # reads entry points: only when none is given

        catalogue = installed()
    plugins = Plugins(catalogue, folder)
    drop_foreign_options(layers, plugins)
    merged = merge(layers, reading)
    tree = resolve(merged, folder, reading, lambda: defaults(merged, plugins))
    return assemble(tree, reading, folder, catalogue, hooks_module)


def _task_file(path: Path) -> Path:
    """The YAML file meant by a path, absolute; a folder means its task.yaml."""
    try:
        file = to_path(str(path), None, Path.cwd(), must_exist=False)
        if file.is_dir() and not (file / "task.yaml").is_file():
            raise ConfigError(f"{display(file)}: this folder has no task.yaml")
        file = file / "task.yaml" if file.is_dir() else file
        if file.exists():
            return file
    except (ValueError, OSError) as error:
        raise ConfigError(f"{str(path)!r}: {error}") from None
    raise ConfigError(f"{display(file)}: no such file")


@dataclass
class _Sources:
    """Reads sources; what cannot be read at all is noted, so that all files are told of at once."""

    problems: list[str] = field(default_factory=list)

    def read(self, source: Any) -> Any:
        try:
            return source()
        except Unreadable as error:
            self.problems += error.problems
            return None

    def words(self, overrides: Iterable[str], folder: Path) -> list[Layer]:
        """The layers of the command line, in which no other file can be named."""
        layers: list[Layer] = self.read(lambda: from_words(overrides, folder)) or []
        if any("extends" in layer.values for layer in layers):
            told = "extends: can only stand in a file; use --profile NAME to add settings"
            self.problems.append(f"{COMMAND_LINE}: {told}")
        return layers

    def extended(self, layer: Layer | None, chain: list[Path]) -> list[Layer]:
        """The layers that `layer` names in `extends`, the lowest first; takes the key out of `layer`."""
        if layer is None or "extends" not in layer.values:
            return []
        origin = layer.origins.pop(("extends",))
        named = layer.values.pop("extends")
        if named in (None, ""):
            return []
        if not isinstance(named, str):
            self.problems.append(f"{origin.where}: extends: expected the path of one YAML file")
            return []
        own = [*chain, *([origin.file] if origin.file else [])]
        try:
            file = to_path(named, None, origin.base or Path.cwd(), must_exist=True).resolve()
        except (ValueError, OSError, RuntimeError) as error:  # no file, no path at all, links in a circle
            self.problems.append(f"{origin.where}: extends: {error}")
            return []
        if file in [path.resolve() for path in own]:
            round_trip = " → ".join(display(path) for path in [*own, file])
            self.problems.append(f"{origin.where}: extends: goes round in a circle: {round_trip}")
            return []
        found = self.read(lambda: from_file(file))
        return [*self.extended(found, own), found] if found else []

    def profile(self, name: str | None, folder: Path) -> list[Layer]:
        """The layers of `--profile NAME`, the lowest first."""
        if name is None:
            return []
        if not _PROFILE_NAME.fullmatch(name):
            self.problems.append(f"{COMMAND_LINE}: --profile {name!r}: expected a name of letters, digits, _ . -")
            return []
        places = [folder / "profiles", config_dir() / "profiles"]
        for place in places:
            file = place / f"{name}.yaml"
            if file.is_file():
                found = self.read(lambda file=file: from_file(file))
                return [*self.extended(found, []), found] if found else []
        there = sorted({path.stem for place in places for path in place.glob("*.yaml")})
        known = f"; there are: {', '.join(there)}" if there else ""
        looked = " and ".join(str(place) for place in places)
        self.problems.append(f"{COMMAND_LINE}: --profile {name}: no {name}.yaml in {looked}{known}")
        return []
