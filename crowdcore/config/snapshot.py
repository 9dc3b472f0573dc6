"""The task's own files, kept as they were at launch: what a resume and a review use.

Every path that blueprint, gates, bots and extensions name (data, pages, folders, scripts) and each local Python file is
copied into the run's folder under the hash of its content; the run remembers {path: name of the copy}.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from crowdcore.blueprints.published import copy_bytes
from crowdcore.errors import ConfigError, RunError
from crowdcore.plugins import LocalFiles, RunPlugins
from crowdcore.plugins.local import load_hooks_module, snapshot_name

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.store.queries.runs import RunRow

_SECTIONS = ("blueprint", "gates", "pairing", "extensions")
"""What workers see is kept. Paths of providers and architects are this machine's: certificates, folders."""

_LONGEST = 200
"""Bytes of a copy's name; beside it stands `.NAME.partial`."""


def folder_of(run_folder: Path) -> Path:
    """Where a run keeps its snapshot."""
    return run_folder / "sources"


def take(config: RunConfig, plugins: RunPlugins, folder: Path) -> dict[str, str]:
    """Copy what `config` names and `plugins` loaded into `folder`; returns {path: name of the copy}."""
    folder.mkdir(parents=True, exist_ok=True)
    named = [p for section in _SECTIONS for p in _paths(getattr(config, section))]
    copies = {str(path): _keep(path, folder) for path in dict.fromkeys(named) if path.exists()}
    for path in plugins.sources():
        name = snapshot_name(path, config.task_dir)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
        copies[str(path)] = name
    return copies


def reopen(
    row: RunRow, run_folder: Path, *, hooks: Sequence[object] = (), reload: bool = False, secrets: bool = True
) -> Reopened:
    """The configuration and plugins of a run as they were at launch; with `reload`, its files as they are now.

    Without `secrets` hidden values stay hidden: enough for reading what a run has stored.
    """
    from crowdcore.config import RunConfig

    folder = None if reload else folder_of(run_folder)
    document = json.loads(row.config)
    path = document["config"].get("hooks")
    task_dir = Path(document["task_dir"])
    module = None
    if path is not None:  # as it is now: the plugins below find this very module, and know that it is a source
        module = load_hooks_module(Path(path)) if folder is None else LocalFiles(task_dir, folder).module(Path(path))
    config = RunConfig.from_stored(row.config, hooks_module=module, secrets=secrets, snapshot=folder)
    if folder is not None:
        config = restore(config, folder, row.sources)
    kept = None if folder is None else module
    return Reopened(config, RunPlugins(config, hooks_module=kept, hooks=hooks, snapshot_dir=folder), module)


class Reopened(NamedTuple):
    """A run's configuration, its plugins and its hooks.py."""

    config: RunConfig
    plugins: RunPlugins
    module: ModuleType | None


def restore(config: RunConfig, folder: Path, sources: dict[str, str]) -> RunConfig:
    """`config` with every path that has a copy pointing to it; RunError if a copy is gone."""
    for path, name in sources.items():
        if not (folder / name).exists():
            raise RunError(
                f"the snapshot of {path} is gone from {folder}; `crowd resume --reload` uses it as it is now"
            )

    def copy_of(path: Path) -> Path:
        name = sources.get(str(path))
        return path if name is None else folder / name

    changed = {section: _replaced(getattr(config, section), copy_of) for section in _SECTIONS}
    return dataclasses.replace(config, **changed)


def _keep(path: Path, folder: Path) -> str:
    if path.is_dir() and folder.resolve().is_relative_to(path.resolve()):
        raise ConfigError(f"{path}: the data directory lies in this folder; name one that holds only what is needed")
    name = f"{_digest(path)}-{path.name}"
    if len(os.fsencode(name)) > _LONGEST:
        name = name[:16] + path.suffix[:20]
    target = folder / name
    if not target.exists():
        partial = folder / f".{name}.partial"
        if path.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
            copy_bytes(path, partial)
        else:
            shutil.copyfile(path, partial)
        partial.rename(target)
    return name


def _digest(path: Path) -> str:
    """16 hexadecimal digits of the SHA-256 of a file, or of a folder's names and files."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        digest.update(os.fsencode(file.relative_to(path)) + b"\0")
        with file.open("rb") as content:
            while chunk := content.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()[:16]


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in _kept_fields(value):
            yield from _paths(getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item)


def _kept_fields(value: Any) -> Iterator[dataclasses.Field[Any]]:
    """The options without Python files: LocalFiles finds their copies, by the path that they had."""
    return (field for field in dataclasses.fields(value) if not field.metadata.get("python"))


def _replaced(value: Any, copy_of: Callable[[Path], Path]) -> Any:
    if isinstance(value, Path):
        return copy_of(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {f.name: _replaced(getattr(value, f.name), copy_of) for f in _kept_fields(value) if f.init}
        return dataclasses.replace(value, **changes)
    if isinstance(value, list):
        return [_replaced(item, copy_of) for item in value]
    return value
