"""What a blueprint hands over, looked at: JSON, and objects where objects are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crowdcore.live.talks import replay
from crowdcore.state import canonical

if TYPE_CHECKING:
    from crowdcore.state import Json


def digest(kind: str, what: list[Any]) -> str:
    """What names the call in the journal; TypeError or ValueError if it cannot be sent."""
    try:
        return replay.digest(kind, *what)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{kind}: what is sent must be JSON: {error}") from None


def text(kind: str, value: Json) -> str:
    """As canonical JSON text; TypeError or ValueError if it is none."""
    try:
        return canonical(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{kind}: what is kept must be JSON: {error}") from None


def an_object(kind: str, value: Json) -> Mapping[str, Any]:
    """The value, if it is an object; else TypeError."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{kind}: an object (dict) is wanted, not {type(value).__name__}")
    return value
