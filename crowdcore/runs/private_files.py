"""What the front end of a run must not hold: files that the run reads itself, under whatever name."""

from __future__ import annotations

import dataclasses
import filecmp
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crowdcore.base import paths
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from crowdcore.runs.setup import Setup

_PAGES = {".html", ".htm", ".css", ".js", ".mjs"}
"""What a blueprint's options name so that it is shown."""


def check(setup: Setup, build: Path) -> None:
    """ConfigError if everybody could fetch from `build` what the run reads itself: data, golds, code, keys."""
    own: dict[int, list[Path]] = {}
    for file in dict.fromkeys(_own(setup)):
        if file.is_file() and (size := file.stat().st_size):
            own.setdefault(size, []).append(file)
    for served in sorted(path for path in build.rglob("*") if path.is_file()):
        for file in own.get(served.stat().st_size, ()):
            if filecmp.cmp(served, file, shallow=False):
                raise ConfigError(
                    f"blueprint {setup.config.blueprint.type!r}: everybody could fetch {file} as "
                    f"/task/{served.relative_to(build).as_posix()}; keep it out of the folder of the page"
                )


def _own(setup: Setup) -> Iterator[Path]:
    config = setup.config
    yield from sorted(config.task_dir.glob("*.y*ml"))
    yield from setup.plugins.sources()
    yield from (path for path in _paths(config.blueprint) if path.suffix.lower() not in _PAGES)
    for section in (config.gates, config.pairing, config.provider, config.architect, config.admin):
        yield from _paths(section)
    yield from sorted(path for path in paths.config_dir().glob("*") if path.is_file())


def _paths(value: Any) -> Iterator[Path]:
    """The paths in options, whatever they are kept in."""
    if isinstance(value, Path):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            yield from _paths(Path(inner) if field.metadata.get("path") and isinstance(inner, str) else inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _paths(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _paths(inner)
