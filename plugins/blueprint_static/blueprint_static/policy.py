"""The content security policy of an author's page: what it says itself that it loads, and what task.yaml adds."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

_OF_TAG = {
    "script": ("src", "script-src"), "iframe": ("src", "frame-src"), "img": ("src", "img-src"),
    "audio": ("src", "media-src"), "video": ("src", "media-src"), "source": ("src", "media-src"),
    "embed": ("src", "object-src"), "object": ("data", "object-src"),
}  # fmt: skip
OWN: dict[str, list[str]] = {
    "script-src": ["'unsafe-inline'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["https:"],
    "media-src": ["https:", "data:"],
    "font-src": ["https:", "data:"],
    "frame-src": ["'self'"],
}
"""What every author's page may do: scripts and styles of its own, pictures, sound and fonts from anywhere."""


def policy(pages: list[str], declared: dict[str, list[str]]) -> dict[str, list[str]]:
    """{directive: [source]} for author's pages (their HTML) and what task.yaml declares."""
    reader = _Reader()
    for page in pages:
        reader.feed(page)
        reader.close()
        reader.reset()
    merged = {directive: list(sources) for directive, sources in OWN.items()}
    for directive, source in [*reader.found, *((d, s) for d, listed in declared.items() for s in listed)]:
        known = merged.setdefault(directive, [])
        if source not in known:
            known.append(source)
    return merged


class _Reader(HTMLParser):
    """Collects the origins of what a page names with a full address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what this element loads."""
        values = dict(attrs)
        if tag == "link":
            kinds = (values.get("rel") or "").lower().split()
            if "stylesheet" in kinds:
                self._note("style-src", values.get("href"))
            elif "modulepreload" in kinds:
                self._note("script-src", values.get("href"))
        elif tag in _OF_TAG:
            attribute, directive = _OF_TAG[tag]
            self._note(directive, values.get(attribute))

    def _note(self, directive: str, address: str | None) -> None:
        try:
            parts = urlsplit((address or "").strip())
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return
        scheme = parts.scheme or "https"
        if host.isascii() and host.replace("-", "").replace(".", "").isalnum() and scheme in ("http", "https"):
            self.found.append((directive, f"{scheme}://{host}{f':{port}' if port else ''}"))
