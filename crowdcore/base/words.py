"""Text that people write for others to read."""

from __future__ import annotations


def is_blank(text: str) -> bool:
    """Whether nothing in it can be seen: empty, or only spaces, controls and characters without a shape."""
    return not any(c.isprintable() and not c.isspace() for c in text)
