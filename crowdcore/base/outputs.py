"""Files that a user names to be written: `-o FILE`, `--csv FILE`.

A plain file appears under its name when it is complete, and is replaced whole. Everything else that may stand there
(links, FIFOs, devices, files with a second name or another owner) stays what it is and is written through.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from crowdcore.errors import ConfigError

STDOUT = "-"
"""The name of standard output."""


def is_stdout(name: str | None) -> bool:
    """Whether a text that a user gave as the name of a file (None: none) means standard output."""
    return name is None or name == STDOUT


def ending(name: str | None, known: Sequence[str], instead: str = "") -> str:
    """Which of the endings `known` (".csv") the file has; "" without one, and for what is no file (FIFOs, devices).

    ConfigError for any other; `instead` are words for it that say what else can be done.
    """
    if name is None or is_stdout(name):
        return ""
    found = Path(name).suffix.lower()
    if not found or found in known or is_stream(name):
        return found if found in known else ""
    raise ConfigError(f"{name}: unknown ending {found!r}: name the file {' or '.join(f'*{k}' for k in known)}{instead}")


def is_stream(name: str) -> bool:
    """Whether what has this name takes bytes and keeps none: a FIFO, a device, a pipe of this process, a socket."""
    try:
        mode = Path(name).stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextmanager
def text_output(name: str | None) -> Iterator[TextIO]:
    """A UTF-8 text that stands in the file `name` once the block has ended well, line ends as they are written.

    None and "-" are standard output. ConfigError, one line, if it cannot be written; then a plain file is as it was.
    """
    try:
        if name is None or is_stdout(name) or _is_ours(name):
            yield sys.stdout
            sys.stdout.flush()
        elif is_stream(name):
            with os.fdopen(os.open(name, os.O_WRONLY | os.O_NOCTTY), "w", encoding="utf-8", newline="") as file:
                yield file
        elif _is_plain(Path(name)):
            with _replacing(Path(name)) as file:
                yield file
        else:
            with _through(Path(name)) as file:
                yield file
    except BrokenPipeError:  # the reader has seen enough
        raise
    except _Unwritable as unwritable:
        raise ConfigError(f"{name}: cannot be written ({unwritable}); is its folder there, and may you?") from None
    except OSError as error:
        if error.filename is not None:  # of another file, which the block reads
            raise
        where = "standard output" if name is None or is_stdout(name) else name
        raise ConfigError(f"{where}: cannot be written ({error.strerror})") from None


class _Unwritable(Exception):
    """The file cannot be made or put in place."""


def _is_ours(name: str) -> bool:
    """Whether this is another name of what standard output is: opened anew, it would be written over."""
    if _is_plain(Path(name)):
        return False
    with suppress(OSError):
        return os.path.samestat(Path(name).stat(), os.fstat(1))
    return False


def _is_plain(path: Path) -> bool:
    """Whether replacing what has this name takes nothing from anybody: nothing is there, or one file of this user."""
    try:
        there = path.lstat()
    except OSError:  # if its folder is missing, the file cannot be made and says so
        return True
    return stat.S_ISREG(there.st_mode) and there.st_nlink == 1 and there.st_uid == os.geteuid()


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    with _or_unwritable():
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(handle)
        with _or_unwritable():
            if not _is_plain(path):
                raise _Unwritable("something else stands there since a moment ago")
            with suppress(FileNotFoundError):
                partial.chmod(stat.S_IMODE(path.stat().st_mode))
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _through(path: Path) -> Iterator[TextIO]:
    """Into what is there already, once all is written."""
    if path.is_dir():
        raise _Unwritable("it is a folder")
    with tempfile.TemporaryFile() as kept:
        text = open(kept.fileno(), "w", encoding="utf-8", newline="", closefd=False)  # noqa: SIM115
        with text:
            yield text
        kept.seek(0)
        with _or_unwritable(), path.open("wb") as file:
            shutil.copyfileobj(kept, file)


@contextmanager
def _or_unwritable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _Unwritable(error.strerror) from None
