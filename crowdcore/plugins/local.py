"""Python files beside a task: its hooks.py, and unpackaged plugins (`./mine.py:MyBlueprint`).

Each file becomes a module of a unique name, so that two runs share no globals; modules beside it can be
imported while it loads (each run gets its own), and `sys.path` is as before afterwards. A file that was
loaded to read its options is handed to the next run that loads the same text, so that it runs once for both.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from crowdcore.base.faults import described
from crowdcore.errors import ConfigError

_MARK = "__crowdcore_local__"
_lock = threading.RLock()
_counter = itertools.count(1)
_waiting: dict[tuple[Path, str], ModuleType] = {}
"""Modules that no run has taken yet, by file and digest of the text."""


class _Loader(SourceFileLoader):
    """Compiles the given text under the file's name; writes no byte code beside the user's file."""

    def __init__(self, name: str, path: str, text: bytes) -> None:
        super().__init__(name, path)
        self._text = text

    def get_data(self, path: str) -> bytes:
        """The text that was read (it may be a run's snapshot of the file)."""
        return self._text

    def path_stats(self, path: str) -> Any:
        """Refuse, so that no cached byte code is looked for."""
        raise OSError("no cache")


class LocalFiles:
    """The local files of one run, each loaded once. `folder` is where relative paths start.

    `snapshot` is a folder with copies of the files as they were at launch (by the relative path of
    `snapshot_name`); a file that is there is run in place of the present one.
    """

    def __init__(self, folder: Path, snapshot: Path | None = None) -> None:
        self.folder = folder
        self.snapshot = snapshot
        self._modules: dict[Path, ModuleType] = {}
        self.digests: dict[Path, str] = {}
        """Loaded file → SHA-256 (hex) of its text."""

    def module(self, path: Path) -> ModuleType:
        """The module of the file `path`; ConfigError, one line, when it cannot be run."""
        path = self.folder / path  # an absolute path stays itself
        if path not in self._modules:
            text = self._read(path)
            key = (path, hashlib.sha256(text).hexdigest())
            with _lock:
                self._modules[path] = _waiting.pop(key) if key in _waiting else self._execute(path, text)
            self.digests[path] = key[1]
        return self._modules[path]

    def sources(self) -> dict[Path, str]:
        """Every file that ran, with what it imported from beside it → SHA-256 (hex) of its text."""
        found = dict(self.digests)
        for folder in {path.parent for path in self.digests}:
            for module in list(sys.modules.values()):
                file = getattr(module, "__file__", None)
                if getattr(module, _MARK, None) == folder and file and Path(file).parent == folder:
                    found[Path(file)] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        return found

    def version(self, path: Path) -> str:
        """`sha256:` and 16 hexadecimal digits of the text of a loaded file."""
        return f"sha256:{self.digests[self.folder / path][:16]}"

    def cls(self, spec: str) -> type:
        """The class that `./mine.py:MyBlueprint` names; ConfigError if there is none."""
        name, _, attribute = spec.rpartition(":")
        if not name.endswith(".py") or not attribute.isidentifier():
            raise ConfigError(f"{spec!r} does not name a class; write it as ./file.py:ClassName")
        module = self.module(Path(name))
        found = getattr(module, attribute, None)
        if isinstance(found, type):
            return found
        if found is not None:
            raise ConfigError(f"{name}: {attribute} is no class")
        classes = [n for n, v in vars(module).items() if isinstance(v, type) and v.__module__ == module.__name__]
        raise ConfigError(f"{name}: no class {attribute}; it defines {', '.join(classes) or 'no class'}")

    def _execute(self, path: Path, text: bytes) -> ModuleType:
        copies = [] if self.snapshot is None else [(self.snapshot / snapshot_name(path, self.folder)).parent]
        return _run(path, text, [*copies, path.parent])

    def _read(self, path: Path) -> bytes:
        copy = self.snapshot / snapshot_name(path, self.folder) if self.snapshot else None
        source = copy if copy is not None and copy.is_file() else path
        try:
            return source.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None


def snapshot_name(path: Path, folder: Path) -> str:
    """The path of a local file's copy in a snapshot folder: files beside each other stay so, for their imports."""
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        return f"{hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:8]}/{path.name}"


def load_hooks_module(path: Path) -> ModuleType:
    """The module of a hooks.py, to read its `Args`; the next run gets this very module.

    ConfigError, one line, for a missing file (`cannot be read`), a syntax error
    (`hooks.py:12: invalid syntax`) or an exception while it runs (`hooks.py:3: NameError: …`).
    """
    return _keep(LocalFiles(path.parent), path)


def load_unpackaged(spec: str, base_dir: Path, snapshot: Path | None = None) -> type:
    """The class that `./mine.py:MyBlueprint` names, relative to `base_dir`; ConfigError as above.

    `snapshot` is a folder with copies of local files as they were at launch, as in LocalFiles.
    """
    files = LocalFiles(base_dir, snapshot)
    found = files.cls(spec)
    for path in list(files.digests):
        _keep(files, path)
    return found


def is_unpackaged(name: str) -> bool:
    """Whether a plugin's `type` is a class in a file rather than an installed name."""
    return ".py:" in name


def _keep(files: LocalFiles, path: Path) -> ModuleType:
    module = files.module(path)
    with _lock:
        _waiting[(path, files.digests[path])] = module
    return module


def _run(path: Path, text: bytes, folders: list[Path]) -> ModuleType:
    name = f"crowdcore_local_{next(_counter)}_{path.stem}"
    loader = _Loader(name, str(path), text)
    spec = ModuleSpec(name, loader, origin=str(path))
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and type hints look their module up
    try:
        with _siblings(folders):
            loader.exec_module(module)
    except KeyboardInterrupt:
        sys.modules.pop(name, None)
        raise
    except BaseException as error:  # the user's file may even exit
        sys.modules.pop(name, None)
        raise ConfigError(_fault(path, error)) from error
    return module


@contextmanager
def _siblings(folders: list[Path]) -> Iterator[None]:
    """Let imports find modules in `folders`, anew: not those that another run or task imported."""
    for name in [name for name, module in sys.modules.items() if hasattr(module, _MARK)]:
        del sys.modules[name]
    before, path = set(sys.modules), [str(folder) for folder in folders]
    sys.path[:0] = path
    try:
        yield
    finally:
        for entry in path:
            if entry in sys.path:
                sys.path.remove(entry)
        for name in set(sys.modules) - before:
            if _beside(sys.modules.get(name.partition(".")[0]), folders):
                setattr(sys.modules[name], _MARK, folders[-1])


def _beside(module: ModuleType | None, folders: list[Path]) -> bool:
    """Whether a top-level module lies in one of `folders` itself (not in an environment below it)."""
    file = Path(getattr(module, "__file__", None) or "")
    if file.name == "__init__.py":
        file = file.parent
    return file.parent in folders and (file.suffix == ".py" or file.is_dir())


def _fault(path: Path, error: BaseException) -> str:
    """`hooks.py:12: invalid syntax: def f(:` or `hooks.py:3: NameError: …`, one line."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        near = (error.text or "").strip()
        return f"{path.name}:{error.lineno}: {error.msg}" + (f": {near}" if near else "")
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path.name}:{line}: {described(error)}" if line else f"{path.name}: {described(error)}"
