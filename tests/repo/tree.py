"""The checkout as the tests of this folder see it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
PACKAGES = [ROOT / "crowdcore", *(member / member.name for member in MEMBERS)]

_MADE = {"__pycache__", "node_modules", "build", "dist", "demo-answers", "uv.lock", "results.json"}


def written(below: Path = ROOT) -> Iterator[Path]:
    """Every file that somebody wrote: none that a command made, none of git's own."""
    for folder, folders, files in os.walk(below):
        folders[:] = sorted(name for name in folders if name == ".ci" or not _is_made(name))
        yield from (Path(folder, name) for name in sorted(files) if name == ".gitignore" or not _is_made(name))


def texts(below: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Every file that is text, with its text."""
    for path in written(below):
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font


def project(folder: Path = ROOT) -> dict[str, Any]:
    """What its pyproject.toml says."""
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def _is_made(name: str) -> bool:
    return name.startswith(".") or name in _MADE or name.endswith((".egg-info", ".pyc", ".partial"))
