"""An author's page with `${column}` in it: read once, checked against the columns, filled for each row.

`${column}` is written so that the value stays data wherever it stands: in text, an attribute, an address, a style,
a script. `${column|safe}` is put in as it is. `$${column}` is the text `${column}`. In a comment `${…}` stays as it
is, and inside a JavaScript template literal (between backticks) it is JavaScript's own.
"""

from __future__ import annotations

import difflib
import html
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import unquote

from blueprint_static import writing
from blueprint_static.javascript import places
from blueprint_static.markup import Region, regions

Writer = Callable[[Any], str]
_MARK = re.compile(r"\$(\$?)\{\s*([^{}|\n]*?)\s*(?:\|\s*(\w*)\s*)?\}")
_SRCSET = re.compile(r"""\bsrcset\s*=\s*["']?$""", re.IGNORECASE)
_IN_SRCSET = re.compile(r"[\s,]")
_ENDS = {kind: re.compile(r"""url\(\s*["']?|["')\s]""") for kind in ("style", "css")}
_NAME_IN_MIDDLE = "cannot stand here, in the middle of a tag; put it into an attribute's quotation marks"


class Slot(NamedTuple):
    """One `${name}`: how its value is written, and the line it stands on (from 1)."""

    name: str
    write: Writer
    line: int
    around: tuple[str, str] | None = None
    """Where an address stands: the rest of it, before and after."""


class Template:
    """A page. `faults` are what is wrong with it whatever the data is, `LINE: text` each."""

    def __init__(self, source: str, is_file: Callable[[str], bool] = lambda _: False) -> None:
        self.source = source
        self._is_file = is_file
        self.faults: list[str] = []
        self._parts: list[str | Slot] = list(self._read())

    @property
    def slots(self) -> list[Slot]:
        """Every place for a value."""
        return [part for part in self._parts if isinstance(part, Slot)]

    def check(self, columns: Sequence[str], hidden: Iterable[str] = ()) -> list[str]:
        """What is wrong with the page for data with these columns; `hidden` ones must not be shown."""
        problems = list(self.faults)
        shown = [name for name in columns if name not in set(hidden)]
        for slot in self.slots:
            if slot.name in shown:
                continue
            if slot.name in columns:
                problems.append(f"{slot.line}: ${{{slot.name}}} is one of answer_columns, which no page may show")
                continue
            close = difflib.get_close_matches(slot.name, shown, n=1)
            meant = f"; did you mean ${{{close[0]}}}?" if close else ""
            problems.append(
                f"{slot.line}: ${{{slot.name}}} is no column of the data, which has {', '.join(shown) or 'none'}{meant}"
            )
        return list(dict.fromkeys(problems))

    def fill(self, row: Mapping[str, Any]) -> str:
        """The page for one row; KeyError if it lacks a column."""
        return "".join(part if isinstance(part, str) else self._filled(part, row) for part in self._parts)

    def _filled(self, slot: Slot, row: Mapping[str, Any]) -> str:
        """The value as it stands there; a file's name, whatever is in it, as the address of the file."""
        value = row[slot.name]
        if slot.around is not None:
            before, after = (_MARK.sub(lambda found: writing.plain(row.get(found[2])), text) for text in slot.around)
            if self._is_file(unquote(before) + writing.plain(value) + unquote(after)):
                return writing.file_name(value)
        return slot.write(value)

    def _read(self) -> Iterator[str | Slot]:
        source, at = self.source, 0
        waiting = deque(_MARK.finditer(source))
        for region in regions(source):
            marks = []
            while waiting and waiting[0].start() < region.end:
                marks.append(waiting.popleft())
            for found, write in self._writers(region, marks):
                yield source[at : found.start()]
                at = found.end()
                if found.group(1):
                    yield found.group()[1:]
                else:
                    around = None if write is writing.plain else self._around(region, found)
                    yield Slot(found.group(2), write, self._line(found.start()), around)
        yield source[at:]

    def _around(self, region: Region, found: re.Match[str]) -> tuple[str, str] | None:
        """The rest of the address that a value is part of; None where none stands."""
        before, after = self.source[region.start : found.start()], self.source[found.end() : region.end]
        if region.kind != "address":
            ends = _ENDS.get(region.kind)
            if region.kind == "attribute" and _SRCSET.search(self.source, max(0, region.start - 40), region.start):
                ends = _IN_SRCSET
            if ends is None:
                return None
            before, after = ends.split(before)[-1], ends.split(after)[0]
        return html.unescape(before), html.unescape(after)

    def _line(self, at: int) -> int:
        return self.source.count("\n", 0, at) + 1

    def _writers(self, region: Region, marks: list[re.Match[str]]) -> Iterator[tuple[re.Match[str], Writer]]:
        where = self._script_places(region, marks) if region.kind in ("script", "handler") else {}
        for found in marks:
            place = where.get(found.start() - region.start, "code")
            if place in ("own", "comment") or region.kind == "comment":
                continue
            if found.group(1) or found.group(3) == "safe":
                yield found, writing.plain
                continue
            if found.group(3) is not None:
                self._fault(found, f"there is no |{found.group(3)}; only |safe, which puts the value in as it is")
                continue
            writer = self._writer(region, found, place)
            if writer is not None:
                yield found, writer

    def _fault(self, found: re.Match[str], text: str) -> None:
        self.faults.append(f"{self._line(found.start())}: {found.group()}: {text}")

    def _script_places(self, region: Region, marks: list[re.Match[str]]) -> dict[int, Any]:
        code = self.source[region.start : region.end]
        if region.kind == "handler":  # &quot; is a quotation mark there
            code = re.sub(r"&(?:quot|apos|#\d+|#[xX][\da-fA-F]+);", _same_length, code)
        return places(code, {found.start() - region.start: found.end() - region.start for found in marks})

    def _writer(self, region: Region, found: re.Match[str], place: str) -> Writer | None:
        if found.end() > region.end or region.kind == "tag":
            self._fault(found, _NAME_IN_MIDDLE)
            return None
        if region.kind == "page":
            self._fault(found, "cannot stand in srcdoc; use |safe if the data may be trusted")
            return None
        if region.kind in ("script", "handler"):
            return self._in_script(region, found, place)
        if region.kind == "address":
            return self._in_address(region, found)
        return _WRITERS[region.kind]

    def _in_script(self, region: Region, found: re.Match[str], place: str) -> Writer | None:
        if place == "pattern":
            self._fault(found, "cannot stand in a regular expression; use |safe if the data may be trusted")
            return None
        names = {"string": "text", "code": "value"}
        writer: Writer = getattr(writing, f"{region.kind}_{names[place]}")
        return writer

    def _in_address(self, region: Region, found: re.Match[str]) -> Writer:
        before = self.source[region.start : found.start()]
        literal = html.unescape(_MARK.sub("", before)).strip()
        if re.match(r"[\s\0-\x20]*javascript:", literal, re.IGNORECASE):
            return writing.handler_text
        if not literal and not _MARK.search(before):
            return partial(writing.address, first=True)
        if re.search(r"[:/?#]", literal):
            return partial(writing.address, first=False)
        return writing.continued


_WRITERS: dict[str, Writer] = {
    "text": writing.text, "attribute": writing.attribute, "style": writing.style, "css": writing.css,
    "template": writing.attribute,
}  # fmt: skip


def _same_length(found: re.Match[str]) -> str:
    sign = html.unescape(found.group())
    return (sign if sign in "'\"`" else "x") + " " * (len(found.group()) - 1)
