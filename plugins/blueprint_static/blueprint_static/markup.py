"""What each stretch of an HTML page is, as far as it decides how a value put there must be written.

A small reader of HTML's grammar as browsers read it: text, tags, attributes, comments, and the elements
whose content is no markup.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Literal, NamedTuple

Kind = Literal[
    "text", "attribute", "address", "handler", "style", "css", "script", "template", "comment", "tag", "page"
]
"""`address`: an attribute that a browser may follow; `handler`: JavaScript in an attribute; `style`: CSS in an
attribute; `css` and `script`: the elements' content; `template`: a script element that holds markup; `page`: a whole
document in an attribute (srcdoc); `tag`: everywhere else between < and >."""


class Region(NamedTuple):
    """One stretch: text[start:end] is a `kind`; `start` of an attribute is where its value begins."""

    start: int
    end: int
    kind: Kind


_ADDRESSES = {"href", "src", "action", "formaction", "data", "xlink:href", "poster", "cite", "background", "ping"}
_RAW = {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"}
_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s/>][^\s/>=]*)            # its name
        (?:\s*=\s*(?:"([^"]*)"?|'([^']*)'?|([^\s>]*)))?  # its value, if it has one""",
    re.VERBOSE,
)
_SPACE = re.compile(r"[\s/]*")
_TYPE = re.compile(r"""\btype\s*=\s*["']?([^\s"'>]+)""", re.IGNORECASE)


def regions(text: str) -> Iterator[Region]:
    """The stretches of `text`, in order; together they are all of it."""
    at = 0
    while at < len(text):
        opening = text.find("<", at)
        if opening < 0:
            opening = len(text)
        if opening > at:
            yield Region(at, opening, "text")
        at = opening
        if at == len(text):
            return
        tag = _TAG.match(text, at)
        if text.startswith("<!--", at):
            end = _after(text, "-->", at + 4)
            yield Region(at, end, "comment")
        elif tag:
            end = yield from _tag(text, at, tag)
            name = tag.group(1).lower()
            if name in _RAW and not tag.group().startswith("</"):
                end = yield from _raw(text, name, text[at:end], end)
        elif text.startswith(("<!", "<?"), at):
            end = _after(text, ">", at)
            yield Region(at, end, "tag")
        else:
            end = at + 1
            yield Region(at, end, "text")
        at = end


def _after(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)


def _tag(text: str, start: int, tag: re.Match[str]) -> Generator[Region, None, int]:
    """A tag: its names are `tag`, each attribute's value a stretch of its own. Returns where it ends."""
    at, told = tag.end(), start
    while at < len(text):
        found = _ATTRIBUTE.match(text, at)
        if found is None:
            break
        which = next((group for group in (2, 3, 4) if found.group(group) is not None), None)
        if which is not None:
            yield Region(told, found.start(which), "tag")
            yield Region(found.start(which), found.end(which), _attribute(found.group(1).lower()))
            told = found.end(which)
        at = found.end()
    space = _SPACE.match(text, at)
    end = min(len(text), (space.end() if space else at) + 1)
    yield Region(told, end, "tag")
    return end


def _attribute(name: str) -> Kind:
    if name.startswith("on"):
        return "handler"
    if name in _ADDRESSES:
        return "address"
    return {"style": "style", "srcdoc": "page"}.get(name, "attribute")  # type: ignore[return-value]


def _raw(text: str, name: str, tag: str, at: int) -> Generator[Region, None, int]:
    """The content of an element that holds no markup of its own. Returns where its end tag begins."""
    closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, at)
    end = closing.start() if closing else len(text)
    if end > at:
        yield Region(at, end, _raw_kind(name, tag))
    return end


def _raw_kind(name: str, tag: str) -> Kind:
    if name == "style":
        return "css"
    if name != "script":
        return "text"
    kind = _TYPE.search(tag)
    said = kind.group(1).lower() if kind else ""
    return "template" if re.search("html|template|handlebars|mustache", said) else "script"
