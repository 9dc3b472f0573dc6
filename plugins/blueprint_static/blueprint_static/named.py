"""Which files a page names: where it lies among other things, these are all that it needs."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

_ADDRESSES = re.compile(
    r"""\b(?:src|href|poster|data|action|srcset)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
    r"""|\burl\(\s*["']?([^"')]+)|["']([^"'\n]{1,500})["']|`([^`$\n]{1,500})`""",
    re.IGNORECASE,
)
_READ = {".html", ".htm", ".css", ".js", ".mjs", ".svg", ".json"}
"""Files that may name further ones."""


def named_files(page: Path) -> list[str]:
    """Files beside `page` or below that it names, directly or through files that it names: relative, in order."""
    root, found, waiting = page.parent, {page.name}, [page]
    while waiting:
        file = waiting.pop()
        if file.suffix.lower() not in _READ:
            continue
        for address in _addresses(file.read_text("utf-8", errors="replace")):
            for base in (file.parent, root):  # scripts fetch relative to the page, and import relative to themselves
                name = _inside(root, base, address)
                if name is not None and name not in found:
                    found.add(name)
                    waiting.append(root / name)
    return sorted(found - {page.name})


def _addresses(text: str) -> Iterator[str]:
    for groups in _ADDRESSES.findall(text):
        written = html.unescape(next(filter(None, groups), ""))
        for part in (written, *(each.split()[0] for each in written.split(",") if each.split())):
            yield part.strip()


def _inside(root: Path, base: Path, address: str) -> str | None:
    """The file below `root` that an address means; None for all else, hidden files and links to elsewhere too."""
    try:
        parts = urlsplit(address)
        name = unquote(parts.path)
        if parts.scheme or parts.netloc or not name or name.startswith("/") or "\0" in name:
            return None
        file = Path(os.path.normpath(base / name))
        real = file.resolve()
        if not file.is_relative_to(root) or not real.is_relative_to(root.resolve()) or not file.is_file():
            return None
    except (ValueError, OSError):
        return None
    relative = file.relative_to(root)
    return None if any(part.startswith(".") for part in relative.parts) else str(relative)
