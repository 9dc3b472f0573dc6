"""Uploads copied out, under names for people."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from crowdcore.export.rows import Row

_LONGEST = 255
"""Bytes of a file's name that file systems take."""


class Copies:
    """Copies uploads from the data directory to a folder; `told` hears of those whose bytes are gone."""

    def __init__(self, data: Path, folder: Path, told: Callable[[str], None]) -> None:
        self._data = data
        self._folder = folder
        self._told = told
        self.copied = 0
        self.missing = 0

    def copy(self, source: Iterable[Row]) -> None:
        """Copy the files of every row, as AGENT-FIELD-NAME; of two with one name the second is AGENT-FIELD-NAME-2."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for row in source:
            taken: set[str] = set()
            for file in row["files"]:
                names = _names(f"{row['agent']}-{file['field']}-{file['name']}")
                name = next(n for n in names if n.casefold() not in taken and _is_free(self._folder / n))
                taken.add(name.casefold())
                self._copy(self._data / file["path"], self._folder / name)

    def _copy(self, source: Path, target: Path) -> None:
        partial = self._folder / f".{secrets.token_hex(8)}.partial"
        try:
            with source.open("rb") as given:
                with partial.open("xb") as kept:
                    shutil.copyfileobj(given, kept)
                partial.replace(target)
        except FileNotFoundError:
            if source.exists():
                raise
            self._told(f"{source} is gone, so there is no {target.name}: put it back from a copy of the data directory")
            self.missing += 1
        else:
            self.copied += 1
        finally:
            partial.unlink(missing_ok=True)


def _names(wanted: str) -> Iterator[str]:
    """`wanted` as a name of a file, then with a number before its ending; never longer than a file system takes."""
    plain = "".join("_" if c in "/\0" else c for c in wanted)
    stem, ending = os.path.splitext(plain)  # noqa: PTH122
    if len(ending.encode()) > 20:
        stem, ending = plain, ""
    number = 1
    while True:
        tail = ("" if number == 1 else f"-{number}") + ending
        yield stem.encode()[: _LONGEST - len(tail.encode())].decode("utf-8", "ignore") + tail
        number += 1


def _is_free(path: Path) -> bool:
    """Whether nothing is there, or a plain file: an export made again writes over its own copies."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return True
