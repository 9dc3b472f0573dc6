"""Values that may be used and never stored: from the environment, or from a private file of the user.

A private file lies in the configuration directory and can be read by its owner alone. A secret written
there is stored as `${crowd.secret:"profiles/me.yaml","provider.api_key"}`, one from the environment as
the `${oc.env:NAME}` it came from; both are looked up again when a run is resumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from crowdcore.base.paths import config_dir
from crowdcore.config.sources import from_file
from crowdcore.plugins.options import Key, Origin, dotted

_hidden_reads: ContextVar[list[str] | None] = ContextVar("hidden_reads", default=None)
_registered = False


def is_private(path: Path) -> bool:
    """Whether a file lies in the configuration directory and only its owner can read it."""
    return path.is_relative_to(config_dir()) and path.stat().st_mode & 0o077 == 0


def reference_of(key: Key, origin: Origin) -> str | None:
    """The text to store for a secret written in a private file; None if it was written elsewhere."""
    if origin.file is None or not is_private(origin.file):
        return None
    inside = str(origin.file.relative_to(config_dir()))
    return f"${{crowd.secret:{_quoted(inside)},{_quoted(dotted(key))}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@contextmanager
def noting_hidden() -> Iterator[list[str]]:
    """While it lasts, the list gets a name for every hidden value that an interpolation reads."""
    _register()
    names: list[str] = []
    token = _hidden_reads.set(names)
    try:
        yield names
    finally:
        _hidden_reads.reset(token)


def _note(name: str) -> None:
    names = _hidden_reads.get()
    if names is not None:
        names.append(name)


def _register() -> None:
    """Make OmegaConf's oc.env tell us when it is read (it answers as before), and add crowd.secret."""
    global _registered
    if _registered:
        return
    from omegaconf import OmegaConf  # 0.2 s: only when a configuration has interpolations
    from omegaconf.resolvers import oc

    def env(name: str, *default: Any) -> str | None:
        _note(name)
        return oc.env(name, *default)

    OmegaConf.register_resolver("oc.env", env, replace=True)
    OmegaConf.register_resolver("crowd.secret", _secret, replace=True)
    _registered = True


def _secret(file: str, key: str) -> Any:
    _note(key)
    path = config_dir() / file
    if not path.is_file():
        raise KeyError(f"the private file {path} that held it is gone")
    value: Any = from_file(path).values
    for part in key.split("."):
        value = value[int(part)] if isinstance(value, list) else value.get(part)
        if value is None:
            raise KeyError(f"the private file {path} no longer holds it")
    return value
