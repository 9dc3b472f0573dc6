"""What a page does not show of an author's HTML, said beforehand: what, why, and what to write instead."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from blueprint_form.problems import Problem, key_path
from blueprint_form.sanitise import NOT_HTML, SCHEMES, allowed
from blueprint_form.schema import HTML_ATTRIBUTES

_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|(?<=>)[^<]*(?=</(?:script|style)\b)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)(>?)""")
_ATTRIBUTE = re.compile(r"""([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_NAMES = re.compile(r"[a-z][a-z0-9-]*")
_MEDIA = {("img", "src"), ("audio", "src"), ("video", "src"), ("video", "poster"), ("source", "src"), ("track", "src")}
_MOST_TOLD = 50

_CONTROLS = ("button", "form", "input", "option", "select", "textarea", "label", "fieldset")
_INSTEAD = {
    "script": "texts run no code; write a function in insertions/custom_triggers.js",
    "style": "the page has its own styles; use headings, lists, <strong> and <em>",
    **dict.fromkeys(("iframe", "frame", "object", "embed"),
                    'nothing is framed in a form; link to it (<a href="…" target="_blank">), or use blueprint static'),
    **dict.fromkeys(_CONTROLS, "what people fill in must be a field of the form; add one under 'fields'"),
    **dict.fromkeys(("svg", "math"), 'drawings come as files; write <img src="insertions/NAME.svg">'),
    **dict.fromkeys(("link", "meta", "base", "html", "head", "body", "title"),
                    "a text is no page of its own; write only what stands in its body"),
}  # fmt: skip


class Notices:
    """What is left out in many texts: each is told once, with the first place and how many more there are."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._tell = tell
        self._found: dict[tuple[Path, str], list[Any]] = {}

    def add(self, file: Path, problem: Problem) -> None:
        """Note one. With `tell`, what was not said before is said at once."""
        known = self._found.setdefault((file, problem.message), [problem, 0])
        known[1] += 1
        if known[1] == 1 and self._tell and len(self._found) <= _MOST_TOLD:
            self._tell(f"{file}: {problem}")

    def look(self, file: Path, value: Any, path: str, insertions: Path) -> None:
        """Note what is left out of all texts of an item, or of a part of one."""
        for place, text in _texts(value, path):
            for message in left_out(text, insertions):
                self.add(file, Problem(place, message))

    def lines(self) -> list[str]:
        """The lines to show."""
        told = [f"{file}: {problem}{_more(count)}" for (file, _), (problem, count) in self._found.items()]
        rest = len(told) - _MOST_TOLD
        return [*told[:_MOST_TOLD], f"… and {rest:,} more"] if rest > 0 else told


def _more(count: int) -> str:
    return f" (and {count - 1:,} more of these)" if count > 1 else ""


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, str):
                if "<" in each and key in HTML_ATTRIBUTES:
                    yield key_path(path, key), each
            elif isinstance(each, list | dict) and key not in NOT_HTML:
                yield from _texts(each, key_path(path, key))


def broken_tokens(text: str) -> list[str]:
    """The {{tokens}} of HTML that stand in a tag but in no attribute's value, where no value can be put."""
    found = []
    for tag in _TAG.finditer(_HIDDEN.sub("", text)):
        values = "".join(next(filter(None, match.groups()[1:]), "") for match in _ATTRIBUTE.finditer(tag[3]))
        for token in re.findall(r"\{\{[^{}]*\}\}", tag.group()):
            if token not in values:
                found.append(token)
    return list(dict.fromkeys(found))


@lru_cache(maxsize=1024)
def left_out(text: str, insertions: Path) -> tuple[str, ...]:
    """One message for each thing of `text` that no page shows."""
    found: list[str] = []
    for tag in _TAG.finditer(_HIDDEN.sub("", text)):
        closing, name, attributes, end = tag.groups()
        if not end:
            found.append(f"{_shown(tag.group())} begins a tag that does not end: what follows is left out; "
                         "write &lt; for the sign <")  # fmt: skip
        elif not closing:
            found += _of_tag(name.lower(), tag.group(), attributes, insertions)
    return tuple(dict.fromkeys(found))


def _of_tag(name: str, written: str, attributes: str, insertions: Path) -> Iterator[str]:
    tags, known = allowed()
    if name not in tags:
        if name in _INSTEAD:
            yield f"<{name}> is left out: {_INSTEAD[name]}"
        else:
            yield f"{_shown(written)} is left out, as an element that pages do not have; write &lt; for the sign <"
        return
    for found in _ATTRIBUTE.finditer(attributes):
        attribute = found[1].lower()
        value = html.unescape(next((group for group in found.groups()[1:] if group is not None), ""))
        if attribute == "target" and name == "a":
            if value != "_blank":
                yield f'target="{value}" is left out: a link opens here, or with target="_blank" in a new tab'
        elif attribute not in known.get(name, ()) and attribute not in known["*"]:
            yield f"{_attribute(attribute)} of <{name}> is left out: {_why(attribute)}"
        elif (name, attribute) in _MEDIA:
            yield from _of_media(value, insertions)
        elif attribute in ("href", "cite") and not _is_fine(value):
            yield f"the address {_shown(value)} is left out: only http, https and mailto may be followed"


def _attribute(name: str) -> str:
    return f"the attribute {name!r}" if _NAMES.fullmatch(name) else f"{name!r}"


def _why(name: str) -> str:
    if name == "style":
        return str(_INSTEAD["style"])
    if name.startswith("on"):
        return str(_INSTEAD["script"])
    if name == "id":
        return "ids are given to sections, rows and fields (their attribute 'id')"
    return "a form's page does not have it; take it away"


def _is_fine(address: str) -> bool:
    try:
        return "{{" in address or urlsplit(address.strip()).scheme.lower() in ("", *SCHEMES)
    except ValueError:
        return False


def _of_media(address: str, insertions: Path) -> Iterator[str]:
    """Pictures and sounds must be files of the task, and be there."""
    if "{{" in address:
        return
    instead = "put the file into insertions/ and write insertions/NAME"
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        parts = None
    if parts is None or parts.scheme or parts.netloc:
        yield f"{_shown(address)} is not loaded: pages load media from the task's own server only; {instead}"
        return
    name = unquote(parts.path).removeprefix("./")
    if not name.startswith("insertions/"):
        yield f"{_shown(address)} is no file of the task: {instead}"
    elif not (insertions / name.removeprefix("insertions/")).is_file():
        meant = unquote(address)
        hint = "; write ? as %3F, # as %23 and % as %25"
        said = hint if (insertions / address.strip().removeprefix("insertions/")).is_file() or meant != name else ""
        yield f"{_shown(address)}: there is no file {name.removeprefix('insertions/')!r} in {insertions}{said}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
