"""{{tokens}} in HTML: where one stands decides how its value is written, so that it stays what it is.

The template is made safe first, which also brings it into one form: every `<` begins a tag then, and every value of an
attribute stands in quotation marks. Values are put in afterwards, and can make neither elements nor attributes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from blueprint_form.sanitise import safe_html
from crowdcore.blueprints import file_address

TOKEN = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_STAND_IN = re.compile(r"0crowdtoken(\d+)e")  # a tag cannot begin with it, and every kind of address can hold it
_TAG = re.compile(r'<[^<>"]*(?:"[^"]*"[^<>"]*)*>')
_ATTRIBUTE = re.compile(r'([^\s"=/<>]+)="([^"]*)"')
_ADDRESSES = frozenset({"href", "src", "poster", "cite"})
_HOST = re.compile(r"[a-z][a-z0-9+.-]*:(//[^/?#]*)?", re.IGNORECASE)


class Slot(NamedTuple):
    """The place of one token. `around`: the rest of the address that it is part of, before and after, if it is."""

    name: str
    in_tag: bool
    around: tuple[str, str] | None = None


def fill(
    template: str, values: Mapping[str, str], pages: Mapping[str, str], is_file: Callable[[str], bool]
) -> str:  # fmt: skip
    """`template` with `values` as text; a token of `pages` is a page of the author's: its HTML, between tags.

    `is_file(name)` says whether the task serves a file of that name: it becomes the address of the file.
    """
    return "".join(
        part if isinstance(part, str) else _written(part, values, pages, is_file) for part in _parts(template)
    )


def _written(slot: Slot, values: Mapping[str, str], pages: Mapping[str, str], is_file: Callable[[str], bool]) -> str:
    value = values[slot.name]
    if not slot.in_tag:
        return pages[slot.name] if slot.name in pages else html.escape(value, quote=False)
    if slot.around is None:
        return html.escape(value)
    before, after = (TOKEN.sub(lambda found: values[found[1]], text) for text in slot.around)
    if is_file(unquote(before) + value + unquote(after)):
        return file_address(value)
    return html.escape(_in_address(value, before))


def _in_address(value: str, before: str) -> str:
    """A whole address, its kind or its host stays as it is; in a path or a query every sign means itself."""
    if not before or _HOST.fullmatch(before):
        return value
    return quote(value, safe="" if "?" in before or "#" in before else "/")


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[str | Slot, ...]:
    names = [found[1] for found in TOKEN.finditer(template)]
    numbers = iter(range(len(names)))
    safe = safe_html(TOKEN.sub(lambda _: f"0crowdtoken{next(numbers)}e", template))
    return tuple(_read(safe, names))


def _read(safe: str, names: list[str]) -> Iterator[str | Slot]:
    at = 0
    for tag in _TAG.finditer(safe):
        yield from _slots(safe[at : tag.start()], names, in_tag=False)
        yield from _tag(tag.group(), names)
        at = tag.end()
    yield from _slots(safe[at:], names, in_tag=False)


def _tag(tag: str, names: list[str]) -> Iterator[str | Slot]:
    at = 0
    for found in _ATTRIBUTE.finditer(tag):
        yield tag[at : found.start(2)]
        yield from _slots(found[2], names, in_tag=True, address=found[1].lower() in _ADDRESSES)
        at = found.end(2)
    yield tag[at:]


def _slots(text: str, names: list[str], *, in_tag: bool, address: bool = False) -> Iterator[str | Slot]:
    def named(part: str) -> str:
        return _STAND_IN.sub(lambda found: f"{{{{{names[int(found[1])]}}}}}", html.unescape(part))

    at = 0
    for found in _STAND_IN.finditer(text):
        yield text[at : found.start()]
        around = (named(text[: found.start()]), named(text[found.end() :])) if address else None
        yield Slot(names[int(found[1])], in_tag, around)
        at = found.end()
    yield text[at:]
