"""What the page does not show of an author's HTML (safe.js, and the page's policy), said beforehand."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _words(
    "a abbr article aside audio b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em "
    "figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p picture pre q rp rt "
    "ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul "
    "var video wbr"
)
DROPPED = _words("script style template iframe object embed noscript head title svg math")
ATTRIBUTES = _words(
    "align alt class color colspan controls datetime dir height id lang loop open role rowspan scope span start style "
    "title type width"
)
_ADDRESS = {"a": "href", "img": "src", "audio": "src", "video": "src", "source": "src"}
_OWN_PAGE = "what needs it is a page of its own: blueprint.custom_source_dir"
_WHOLE = ("html", "body", "head", "title", "meta")
"""Of a whole document: what stands in its body is shown, and nothing is missed of the rest."""


def left_out(text: str) -> list[str]:
    """One message for each kind of thing of `text` that is not shown, beginning with its line."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return list(reader.found.values())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        if tag in _WHOLE:
            return None
        if tag in DROPPED:
            return self._say(f"<{tag}> is left out, with all that is in it; {_OWN_PAGE}")
        if tag not in TAGS:
            return self._say(f"<{tag}> is left out, and what is in it stands there as text; write &lt; for the sign <")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        return None

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name == _ADDRESS.get(tag):
            return self._address(tag, value)
        if name.startswith("on"):
            return self._say(f"{name!r} of <{tag}> is left out: texts run no code; {_OWN_PAGE}")
        if name not in ATTRIBUTES and not name.startswith("aria-") and not (tag == "a" and name in ("target", "rel")):
            self._say(f"the attribute {name!r} of <{tag}> is left out; take it away")
        return None

    def _address(self, tag: str, value: str) -> None:
        try:
            scheme = urlsplit(value.strip()).scheme.lower()
        except ValueError:
            scheme = "?"
        if tag == "a" and scheme not in ("", "http", "https"):
            self._say(f"the address {value[:60]!r} is left out: only http and https may be followed")
        elif tag != "a" and scheme == "http":
            self._say(f"{value[:60]!r} is not loaded: the page's policy wants https; or put it into extra_source_dir")
        elif tag != "a" and scheme not in ("", "https", "data"):
            self._say(f"{value[:60]!r} is not loaded: write https://…, or put the file into extra_source_dir")

    def _say(self, message: str) -> None:
        self.found.setdefault(message, f"{self.getpos()[0]}: {message}")
