"""Security headers, and the content security policy of each kind of page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crowdcore.errors import ConfigError
from crowdcore.server.http.reply import Header

STRICT: dict[str, list[str]] = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:", "blob:"],
    "media-src": ["'self'", "blob:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'self'"],
}
LEAVING = {**STRICT, "form-action": ["'self'", "https:", "http:"]}
"""Of the page that posts the end of a visit to its platform: only our own script runs there."""
ADMIN = {**STRICT, "frame-ancestors": ["'none'"], "base-uri": ["'none'"]}


def policy(base: Mapping[str, Sequence[str]], *extras: Mapping[str, Any] | None) -> bytes:
    """The header value for `base` plus what `extras` declare ({directive: [source, …]}).

    ConfigError names a directive or source that would break out of the header.
    """
    merged = {directive: list(sources) for directive, sources in base.items()}
    for extra in extras:
        for directive, sources in (extra or {}).items():
            known = merged.get(directive)
            if known is None:
                # A new directive replaces its fallback, so it starts from what the fallback allowed.
                known = merged[directive] = list(merged["default-src"]) if directive.endswith("-src") else []
            added = [sources] if isinstance(sources, str) else list(sources)
            for source in added:
                _check(directive, source)
            merged[directive] = [s for s in known if s != "'none'"] + [s for s in added if s not in known]
    return "; ".join(" ".join([name, *sources]) for name, sources in merged.items()).encode("ascii")


def _check(directive: str, source: object) -> None:
    text = source if isinstance(source, str) else repr(source)
    bad = not isinstance(source, str) or not text.isascii() or any(c in text for c in ";,\r\n\t \0")
    if bad or not directive.replace("-", "").isalpha() or not directive.isascii():
        raise ConfigError(f"csp: {directive}: {text} is not a source; write one source per list item")


def security_headers(csp: bytes) -> list[Header]:
    """What every answer carries unless it set the same header itself."""
    return [
        (b"content-security-policy", csp),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),  # worker ids stand in the page's address
    ]
