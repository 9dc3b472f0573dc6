"""Where things live on this machine: data (database, files, runs) and configuration (secrets, profiles)."""

from __future__ import annotations

import os
from pathlib import Path

_SPECIAL = '/\\%:*?"<>|'
_LONGEST = 200
"""Bytes of a folder's name; file systems take 255."""


def data_dir(given: Path | None = None) -> Path:
    """The data directory: as given, else CROWD_DATA_DIR, else the user's own."""
    return given or _folder("CROWD_DATA_DIR", "user_data_dir")


def config_dir() -> Path:
    """The configuration directory: CROWD_CONFIG_DIR, else the user's own."""
    return _folder("CROWD_CONFIG_DIR", "user_config_dir")


def run_folder(data: Path, run: str) -> Path:
    """The folder of one run: its lock, its front end, the snapshot of its sources."""
    return data / "runs" / folder_name(run)


def make_run_folder(folder: Path) -> None:
    """Make a run's folder and the one of all runs, closed to other users, where they are not there yet."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def folder_name(name: str) -> str:
    """What people call something as the name of one folder, another one for every name; it leads nowhere else.

    Slashes, percent signs, what cannot be printed and a dot in front are written as %2F…; a long name ends in a hash.
    """
    safe = "".join(sign if sign.isprintable() and sign not in _SPECIAL else _written_out(sign) for sign in name)
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    whole = safe.encode()
    if len(whole) > _LONGEST:
        import hashlib  # hardly any name is so long

        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        safe = whole[: _LONGEST - 17].decode("utf-8", "ignore") + "-" + digest
    return safe


def _written_out(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))


def file_address(name: str) -> str:
    """The name of a file, with or without folders, as part of a URL."""
    from urllib.parse import quote  # only pages need it

    return quote(os.fsencode(name), safe="/")


def is_below(folder: Path, name: str) -> bool:
    """Whether `name` is a file of `folder` or below it, and leads nowhere else."""
    if not name or "\0" in name or ".." in name.split("/") or name.startswith("/"):
        return False
    try:
        return (folder / name).is_file()
    except OSError:  # too long
        return False


def troubles_file(data: Path, run: str) -> Path:
    """Where the process that serves a run says what is wrong with it."""
    return run_folder(data, run) / "troubles"


def database_url(given: str | None = None) -> str | None:
    """The database: as given, else CROWD_DATABASE_URL, else None (SQLite in the data directory)."""
    return given or os.environ.get("CROWD_DATABASE_URL") or None


def _folder(variable: str, kind: str) -> Path:
    named = os.environ.get(variable)
    if named:
        return Path(named).absolute()
    import platformdirs  # asked only where no variable decides

    return Path(getattr(platformdirs, kind)("crowdcore", appauthor=False))
