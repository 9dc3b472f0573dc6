"""What the page checks with its own validators, checked again where it counts."""

from __future__ import annotations

from typing import Any

from crowdcore import hookimpl


@hookimpl
def blueprint_validate(data: Any) -> dict[str, list[str]] | None:
    """The twin of noShouting in insertions/custom_validators.js."""
    motto = data.get("motto") if isinstance(data, dict) else None
    if isinstance(motto, str) and any("A" <= letter <= "Z" for letter in motto) and motto == motto.upper():
        return {"motto": ["Please do not write in capital letters only."]}
    return None
