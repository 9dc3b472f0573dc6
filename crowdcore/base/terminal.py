"""Text of anybody as a terminal or a log may be given it: nothing in it acts, forges a line or turns the reading order.

Names, feedback, tips, reasons, notes, file names and messages of exceptions come from strangers. What would act is
written as Python writes it (`\\x1b`, `\\n`, `\\u202e`); all else stands as it is, joiners of emoji and of Persian too.
"""

from __future__ import annotations

import re
from typing import Any

_ACTING = re.compile(
    "["
    "\x00-\x08\x0a-\x1f\x7f-\x9f"  # controls (escape sequences, new lines), but not the tab
    "\u2028-\u202e\u2066-\u206f\ufff9-\ufffb"  # line separators, turned direction, annotations
    "\ud800-\udfff"  # half characters: bytes of file names that are no UTF-8; no stream can write them
    "]"
)


def printable(text: str) -> str:
    """The text as one line that only shows."""
    return _ACTING.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def printable_lines(text: str, indent: str = "") -> str:
    """A text of several lines, each printable and after `indent`: indented, none passes for a line of ours."""
    return "\n".join(indent + printable(line.removesuffix("\r")) for line in text.split("\n"))


def printable_json(value: Any, indent: int | None = None) -> str:
    """The value as JSON that only shows, and is read back as it was."""
    import json  # `crowd --help` does without

    separators = (",", ":") if indent is None else None
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=separators)
    if text.isascii() and "\x7f" not in text:
        return text
    return "\n".join(_ACTING.sub(lambda found: f"\\u{ord(found.group()):04x}", line) for line in text.split("\n"))
