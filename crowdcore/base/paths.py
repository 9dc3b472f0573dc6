"""Where things live on this machine: data (database, files, runs) and configuration (secrets, profiles)."""

from __future__ import annotations

import os
from pathlib import Path


def data_dir(given: Path | None = None) -> Path:
    """The data directory: as given, else CROWD_DATA_DIR, else the user's own."""
    return given or _folder("CROWD_DATA_DIR", "user_data_dir")


def config_dir() -> Path:
    """The configuration directory: CROWD_CONFIG_DIR, else the user's own."""
    return _folder("CROWD_CONFIG_DIR", "user_config_dir")


def run_folder(data: Path, run: str) -> Path:
    """The folder of one run: its lock, its front end, the snapshot of its sources."""
    return data / "runs" / run


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
