"""Any result for whoever reviews it, where a blueprint renders none of its own."""

from __future__ import annotations

import html
from typing import Any


def as_html(value: Any, depth: int = 0) -> str:
    """Any JSON value as escaped HTML: objects as definition lists, lists as ordered ones."""
    if isinstance(value, dict) and value and depth < 32:
        rows = (f'<dt dir="auto">{html.escape(str(k))}</dt><dd>{as_html(v, depth + 1)}</dd>' for k, v in value.items())
        return f"<dl>{''.join(rows)}</dl>"
    if isinstance(value, list) and value and depth < 32:
        return f"<ol>{''.join(f'<li>{as_html(v, depth + 1)}</li>' for v in value)}</ol>"
    return f'<span dir="auto" style="white-space:pre-wrap">{html.escape(_scalar(value))}</span>'


def as_text(value: Any, indent: str = "") -> str:
    """Any JSON value as indented lines `name: value`."""
    if isinstance(value, dict | list) and value and len(indent) < 64:
        items = value.items() if isinstance(value, dict) else enumerate(value, 1)
        return "\n".join(_line(str(name), item, indent) for name, item in items)
    return indent + _scalar(value)


def _line(name: str, item: Any, indent: str) -> str:
    if isinstance(item, dict | list) and item:
        return f"{indent}{name}:\n{as_text(item, indent + '  ')}"
    text = _scalar(item).replace("\n", f"\n{indent}  ")
    return f"{indent}{name}: {text}"


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "–", True: "yes", False: "no"}[value]
    return str(value)
