"""What stands beside the conversation: the row of task data as one seat sees it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

KINDS = ("text", "html", "image")
"""How an entry is shown: as it stands, as the author's HTML, as a picture at that address."""
_MARKS = {"_html": "html", "_image": "image", "_image_url": "image"}


def columns(
    row: dict[str, Any], hidden: Collection[str], roles: Collection[str], mine: Collection[str]
) -> dict[str, Any]:
    """The columns that a seat may see; `hidden` are nobody's.

    A column NAME.ROLE is only for the seat of that role (one of `mine`), who sees it as NAME.
    """
    seen: dict[str, Any] = {}
    for name, value in row.items():
        plain, dot, role = name.rpartition(".")
        if name in hidden or plain in hidden:
            continue
        if dot and plain and role in roles:
            if role in mine:
                seen[plain] = value
        else:
            seen.setdefault(name, value)
    return seen


def entries(seen: dict[str, Any]) -> list[dict[str, str]]:
    """The pane's entries {"name", "kind", "value"}; a column NAME_html is HTML, NAME_image a picture's address."""
    found = []
    for column, value in seen.items():
        mark = next((mark for mark in _MARKS if column.endswith(mark) and column != mark), None)
        name = column.removesuffix(mark) if mark else column
        if value is not None and value != "":
            found.append({"name": name, "kind": _MARKS[mark] if mark else "text", "value": _text(value)})
    return found


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_text(inner)}" for name, inner in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
