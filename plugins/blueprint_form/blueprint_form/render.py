"""An answered form for review and reports."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from blueprint_form.sanitise import plain_text
from blueprint_form.visibility import placed_fields


def render_text(form: dict[str, Any], answers: dict[str, Any] | None) -> str:
    """One line `label: answer` per field; a field that was not asked is left out."""
    if answers is None:
        return "nothing submitted"
    return "\n".join(f"{label}: {'; '.join(lines) or '–'}" for label, lines in _rows(form, answers))


def render_html(form: dict[str, Any], answers: dict[str, Any] | None) -> str:
    """The same as a definition list; every text is escaped."""
    if answers is None:
        return "<p>Nothing submitted.</p>"
    rows = "".join(
        f'<dt dir="auto">{escape(label)}</dt><dd>{"".join(map(_paragraph, lines)) or "–"}</dd>'
        for label, lines in _rows(form, answers)
    )
    title = f'<h2 dir="auto">{escape(plain_text(form["title"]))}</h2>'
    return f'<section class="form-answers">{title}<dl>{rows}</dl></section>'


def _paragraph(line: str) -> str:
    return f'<div dir="auto">{escape(line)}</div>'


def _rows(form: dict[str, Any], answers: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for placed in placed_fields(form):
        field = placed.field
        if field["name"] in answers:
            yield plain_text(field.get("label") or field["name"]), list(_lines(field, answers[field["name"]]))


def _lines(field: dict[str, Any], value: Any) -> Iterator[str]:
    labels = {option["value"]: plain_text(option["label"]) for option in field.get("options", [])}
    match value:
        case None | "":
            return
        case str():
            yield from labels.get(value, value).splitlines()
        case list():
            numbered = field["type"] == "ranking"
            for place, option in enumerate(value, 1):
                yield f"{place}. {labels[option]}" if numbered else labels[option]
        case dict() if field["type"] == "file":
            yield f"{value['name']} ({value['size']:,} bytes, sha256 {value['sha256'][:12]}…)"
        case dict():
            yield from (labels[option] for option, chosen in value.items() if chosen)
        case _:
            yield str(value)
