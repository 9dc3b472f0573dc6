"""The installation's secret key: everything that is signed hangs on it."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from pathlib import Path

from crowdcore.base import paths
from crowdcore.errors import ConfigError

VARIABLE = "CROWD_SECRET_KEY"
FILE = "secret_key"
_SHORTEST = 16


def secret_key(config_dir: Path) -> bytes:
    """The key: CROWD_SECRET_KEY, else the file `secret_key` in `config_dir`, made there (0600) if missing.

    ConfigError if the key is too short, others may read the file, or it cannot be made.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return _long_enough(given.encode(), VARIABLE)
    path = config_dir / FILE
    try:
        return _read(path)
    except FileNotFoundError:
        return _make(path)


def derive(key: bytes, label: str) -> bytes:
    """A key of its own for `label`: who learns it learns nothing about `key` or other labels."""
    return hmac.digest(key, label.encode(), "sha256")


def derived_key(label: str) -> bytes:
    """`derive` from this machine's key, for commands."""
    return derive(secret_key(paths.config_dir()), label)


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        key = path.read_bytes().strip()
    except (PermissionError, NotADirectoryError, IsADirectoryError) as error:
        why = f"{path} cannot be read ({error.strerror}); set {VARIABLE} or CROWD_CONFIG_DIR"
        raise ConfigError(why) from None
    if mode & 0o077:
        raise ConfigError(f"{path} can be read by others; type: chmod 600 {path} (or set {VARIABLE})")
    return _long_enough(key, str(path))


def _make(path: Path) -> bytes:
    """Write a new key under a name of its own, then link it: of two processes one wins, both read it."""
    draft = path.with_name(f"{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_hex(32).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; set {VARIABLE} or CROWD_CONFIG_DIR") from None
    return _read(path)


def _long_enough(key: bytes, where: str) -> bytes:
    if len(key) < _SHORTEST:
        raise ConfigError(f"{where} must hold at least {_SHORTEST} characters; 64 random ones are good")
    return key
