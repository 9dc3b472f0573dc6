"""HTML of authors made safe: nothing that runs, loads from elsewhere unseen, or draws over the page."""

from __future__ import annotations

import html
import re
from functools import cache, lru_cache
from typing import Any

from blueprint_form.schema import HTML_ATTRIBUTES

_MEDIA = {
    "audio": {"src", "controls", "loop", "preload"},
    "video": {"src", "controls", "loop", "preload", "poster", "width", "height", "muted"},
    "source": {"src", "type"},
    "track": {"src", "kind", "srclang", "label"},
}
_SIGNS = re.compile("[<>&]")
NOT_HTML = frozenset({"value", "validators", "triggers", "visible_when"})
"""Attributes of a form below which nothing is HTML."""
SCHEMES = ("http", "https", "mailto")
"""Kinds of addresses that a text may name."""


@cache
def allowed() -> tuple[set[str], dict[str, set[str]]]:
    """(elements, {element or "*": attributes}) that stay. A link's `target` may be "_blank" besides."""
    import nh3  # 5 ms to import, and only needed when a page or a review is made

    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | _MEDIA
    attributes["*"] = attributes.get("*", set()) | {"class", "lang", "dir", "title"}
    return set(nh3.ALLOWED_TAGS) | set(_MEDIA), attributes


def safe_html(text: str) -> str:
    """`text` with allowed elements and attributes only; no script, style, form or event handler."""
    if not _SIGNS.search(text):
        return text
    return _clean(text) if len(text) > 2000 else _clean_often(text)


def _clean(text: str) -> str:
    import nh3

    tags, attributes = allowed()
    return nh3.clean(
        text, tags=tags, attributes=attributes, url_schemes=set(SCHEMES),
        tag_attribute_values={"a": {"target": {"_blank"}}},
    )  # fmt: skip


_clean_often = lru_cache(maxsize=1024)(_clean)  # the forms of one task say mostly the same


def plain_text(text: str) -> str:
    """What is left of HTML when every element is taken away, on one line."""
    if _SIGNS.search(text):
        import nh3

        text = html.unescape(nh3.clean(text, tags=set()))
    return re.sub(r"\s+", " ", text).strip()


def safe_form(part: Any) -> Any:
    """A copy of a form (or a part of one) whose title, instruction, help and label are safe to insert."""
    if isinstance(part, list):
        return [safe_form(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {key: _safe_value(key, value) for key, value in part.items()}


def _safe_value(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return safe_html(value) if key in HTML_ATTRIBUTES else value
    return value if key in NOT_HTML else safe_form(value)
