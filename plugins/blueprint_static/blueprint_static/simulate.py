"""What a simulated worker enters into a page: something for every named field."""

from __future__ import annotations

from html.parser import HTMLParser
from random import Random
from typing import Any

_WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "ivory", "jade", "lark"]
_FIXED = {
    "email": "worker@example.org", "url": "https://example.org/", "tel": "0123456789", "date": "2024-05-17",
    "time": "12:30", "month": "2024-05", "week": "2024-W20", "datetime-local": "2024-05-17T12:30", "color": "#336699",
}  # fmt: skip
_NO_VALUE = {"submit", "button", "image", "reset"}


def simulated_answer(page: str, seed: int) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    """({field: value}, {field: (file name, content)}), the same for the same page and seed."""
    reader = _Fields()
    reader.feed(page)
    reader.close()
    random = Random(seed)  # noqa: S311  (variety, not secrecy)
    data: dict[str, Any] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for name, found in reader.fields.items():
        kind = found[0].get("type", "text")
        if kind == "file":
            files[name] = (f"{random.choice(_WORDS)}.txt", random.choice(_WORDS).encode())
        else:
            data[name] = _value(kind, found, random)
    return data, files


def _value(kind: str, found: list[dict[str, Any]], random: Random) -> Any:
    values = [each.get("value") or "on" for each in found]
    if kind == "checkbox" and len(found) > 1:
        return [value for value in values if random.random() < 0.5]
    if kind in ("checkbox", "radio"):
        return random.choice(values)
    if kind == "select":
        options = found[0]["options"] or [""]
        return (
            random.sample(options, random.randint(1, len(options)))
            if "multiple" in found[0]
            else random.choice(options)
        )
    if kind == "hidden":
        return found[0].get("value") or ""
    if kind in ("number", "range"):
        return str(_whole(found[0].get("min"), 0))
    return _FIXED.get(kind) or " ".join(random.choices(_WORDS, k=3))


def _whole(text: str | None, default: int) -> int:
    try:
        return int(float(text or default))
    except ValueError:
        return default


class _Fields(HTMLParser):
    """Collects named fields: {name: [attributes, …]}; a select's attributes hold its `options`."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[dict[str, Any]]] = {}
        self._select: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a field."""
        values: dict[str, Any] = dict(attrs)
        if tag == "option" and self._select is not None:
            self._select["options"].append(values.get("value") or "")
        if tag not in ("input", "select", "textarea") or not values.get("name") or "disabled" in values:
            return
        if tag != "input":
            values["type"] = tag
        if tag == "select":
            self._select = values
            values["options"] = []
        if (values.get("type") or "text").lower() not in _NO_VALUE:
            self.fields.setdefault(values["name"], []).append(values)

    def handle_endtag(self, tag: str) -> None:
        """Options of a select end with it."""
        if tag == "select":
            self._select = None
