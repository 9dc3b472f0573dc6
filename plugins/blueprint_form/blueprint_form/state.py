"""The data of one agent that fills a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blueprint_form.sanitise import safe_form
from blueprint_form.values import as_number
from blueprint_form.visibility import placed_fields
from crowdcore import AgentState
from crowdcore.state import nonblocking


@dataclass
class FormState(AgentState):
    """`init` is the item {"form": …}; `data` is {field: value}, hidden fields left out."""

    @nonblocking
    def get_init_state(self) -> dict[str, Any]:
        """{"form": …} with all HTML made safe; the item's metadata stays on the server."""
        return {"form": safe_form(self.init["form"])}

    @nonblocking
    def get_parsed_data(self) -> dict[str, Any] | None:
        """{field: value} in the form's order: numbers as numbers, a file as {name, size, sha256}; None before."""
        if self.data is None:
            return None
        files = {each["field"]: each for each in self.files}
        fields = (placed.field for placed in placed_fields(self.init["form"]))
        return {each["name"]: self._parsed(each, files) for each in fields if each["name"] in self.data}

    def _parsed(self, field: dict[str, Any], files: dict[str, dict[str, Any]]) -> Any:
        value = self.data[field["name"]]
        if field["type"] == "file":
            found = files.get(field["name"]) if value else None
            return {key: found[key] for key in ("name", "size", "sha256")} if found else None
        if field["type"] in ("number", "range") and isinstance(value, str):
            return _number(value)
        return value


def _number(text: str) -> int | float | None:
    """The number that `text` spells, whole ones as int and exact; None for an empty answer."""
    if text.lstrip("-").isdigit():
        return int(text)
    return as_number(text)
