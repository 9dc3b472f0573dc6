"""What the gates of one run work with: lists, known items, the after-task form, read once at its start."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crowdcore.base.limiter import Limiter
from crowdcore.blueprints.short_form import ShortForm
from crowdcore.errors import ConfigError
from crowdcore.plugins.gate_data import ANSWERS
from crowdcore.state import canonical
from crowdcore.store.queries.known_items import Known

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Gates:
    """The gates of a served run. `plain`: there is none but caps, so that a claim needs no further look."""

    plain: bool = True
    seed: str = ""
    allowed: frozenset[str] | None = None
    refused: frozenset[str] = frozenset()
    onboarding: Known | None = None
    screening: Pool | None = None
    golds: tuple[Known, ...] = ()
    after_task: ShortForm | None = None
    limiter: Limiter = field(default_factory=lambda: Limiter("gates", 8, limit=10.0))
    told: dict[tuple[int, str, str], float] = field(default_factory=dict)
    let_in: dict[int, float] = field(default_factory=dict)


def known(entry: Any, where: str) -> Known:
    """An entry taken apart: its item, its answers, and a key that follows from the item. ConfigError if not JSON."""
    answers = None
    if isinstance(entry, dict) and ANSWERS in entry:
        answers = entry[ANSWERS]
        entry = {name: value for name, value in entry.items() if name != ANSWERS}
        if not isinstance(answers, dict) or not answers:
            raise ConfigError(f"{where}: 'answers' must be an object of fields and their right values")
    try:
        text = canonical(entry)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: not JSON: {error}") from None
    return Known(hashlib.sha256(text.encode()).hexdigest()[:16], entry, answers)


class Pool:
    """Items handed out one after the other, then from the beginning again; an endless source never ends."""

    def __init__(self, entries: Iterable[Any], start: int, where: str) -> None:
        self._source: Iterator[Any] | None = iter(entries)
        self._items: list[Known] = []
        self._next = start
        self._where = where
        self._lock = threading.Lock()
        self.check: Callable[[Any], None] | None = None
        """Raises ValueError for an item that the task cannot work with; asked of those that are read from now on."""

    def take(self) -> Known:
        """The next item, with a key of its own for each time."""
        with self._lock:
            at, self._next = self._next, self._next + 1
            while self._source is not None and len(self._items) <= at:
                self._read()
            found = self._items[at % len(self._items)]
            return Known(f"{found.key}-{at}", found.item, found.answers)

    def peek(self, most: int) -> list[Known]:
        """The first items, at least so many if there are, and those that were read already."""
        with self._lock:
            while self._source is not None and len(self._items) < most:
                self._read()
            return list(self._items)

    def _read(self) -> None:
        assert self._source is not None
        try:
            entry = next(self._source)
        except StopIteration:
            self._source = None
        else:
            where = f"{self._where}, entry {len(self._items)}"
            found = known(entry, where)
            if self.check is not None:
                try:
                    self.check(found.item)
                except ValueError as error:
                    raise ConfigError(f"{where}: {error}") from None
            self._items.append(found)


FILES = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".xlsx")
"""Endings of files: a list of names that has one would let everybody in whom the file keeps out."""


def names(source: Path | list[str] | None, key: str) -> frozenset[str] | None:
    """The workers of a list: a file with one name a line, or the names themselves; None without a list."""
    if source is None:
        return None
    if isinstance(source, list):
        files = [name for name in source if name.strip().lower().endswith(FILES)]
        if files:
            raise ConfigError(f"{key}: {files[0]!r} is a file, not a worker; a file is named alone: {key}: {files[0]}")
        lines = source
    else:
        try:
            lines = source.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{key}: {source} cannot be read: {error}") from None
    return frozenset(stripped for line in lines if (stripped := line.strip()))
