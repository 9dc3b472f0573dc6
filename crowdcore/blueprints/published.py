"""Files of an author that anybody may fetch: copied into the folder that is served, nothing private with them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from crowdcore.errors import ConfigError

LEFT_OUT = ("node_modules", "__pycache__", ".*")
"""Names that are passed over without a word."""
PRIVATE = (
    "task.yaml", "task.yml", "hooks.py", "*.pem", "*.key", "*.p12", "*.pfx", "*.db", "*.db-wal",
    "*.sqlite", "*.sqlite3", "id_rsa*", "id_ed25519*",
)  # fmt: skip
"""Names of what no page needs: where one lies, the folder is not one of pages."""


def publish(folder: Path, target: Path, what: str, *, leave: Iterable[str] = ()) -> None:
    """Copy `folder` into `target`; nothing is copied if something private lies in it.

    `what` names the option for messages, names like those in `leave` are passed over. Bytes are copied, not
    permissions: where these files are installed, nobody may be allowed to write. ConfigError says what must go.
    """
    files = list(_files(folder, (*LEFT_OUT, *leave)))
    for name in files:
        _refuse_private(folder / name, what)
    for name in files:
        publish_file(folder / name, target / name, what)


def copy_bytes(folder: Path, target: Path) -> None:
    """Copy all of a folder: bytes, not permissions, so that what lies read-only can be looked after. Raises OSError."""
    target.mkdir(parents=True)
    for name in _files(folder, ()):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, target / name)


def publish_file(file: Path, target: Path, what: str) -> None:
    """Copy the bytes of one file, with the folders above `target`; ConfigError if it is private or cannot be read."""
    _refuse_private(file, what)
    if not file.is_file():
        raise ConfigError(f"{what}: {file} is no file that can be served; take it away")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(file, target)
    except OSError as error:
        raise ConfigError(f"{what}: {file}: cannot be read: {error.strerror or error}") from None


def _refuse_private(file: Path, what: str) -> None:
    if not os.fsencode(file.name).decode("utf-8", "ignore") == file.name:
        raise ConfigError(f"{what}: {file}: its name is no UTF-8, so that no address leads to it; rename the file")
    if _is_any(file.name.lower(), PRIVATE):
        raise ConfigError(
            f"{what}: everybody could fetch {file}; give pages, and the files that they need, a folder of their own"
        )


def _files(folder: Path, left_out: tuple[str, ...]) -> Iterator[str]:
    """Names below `folder`, in order; links are followed, each folder is gone into once."""
    seen: set[str] = set()
    for current, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(current)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not _is_any(name, left_out))
        for name in sorted(files):
            if not _is_any(name, left_out):
                yield os.path.relpath(Path(current, name), folder)


def _is_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
