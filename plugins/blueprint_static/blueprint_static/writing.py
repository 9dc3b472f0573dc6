"""Values as they are written into a page, so that what came from data stays data wherever it stands."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from crowdcore.blueprints import file_address

_UNSAFE = "about:invalid#unsafe-address"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SCHEMES = {"http", "https", "mailto", "tel", "sms", "blob"}
_MEDIA = re.compile(r"data:(image|audio|video|font)/(?!svg)[\w.+-]+[;,]", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x20]+")


def plain(value: Any) -> str:
    """A JSON value as text: a text as it is, nothing for null, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def text(value: Any) -> str:
    """Between tags."""
    return html.escape(plain(value))


def attribute(value: Any) -> str:
    """As (part of) an attribute's value, in quotation marks or without."""
    return _references(plain(value))


def _references(said: str) -> str:
    return re.sub(r"[ \t\n\f\r\"&'<>=`]", lambda found: f"&#{ord(found.group())};", said)


def address(value: Any, *, first: bool) -> str:
    """As (part of) an address; `first`: it may say what kind of address it is.

    Addresses that would run as a script become about:invalid.
    """
    said = plain(value)
    bare = _CONTROL.sub("", said)
    scheme = _SCHEME.match(bare)
    if first and scheme and scheme.group(1).lower() not in _SCHEMES and not _MEDIA.match(bare):
        said = _UNSAFE
    return _references(said)


def continued(value: Any) -> str:
    """The part of an address after another value, together with which it must not become a kind of address."""
    return _references(plain(value).replace(":", "%3A"))


def file_name(value: Any) -> str:
    """As (part of) the path of a file: every sign that would mean something else in an address is written out."""
    return file_address(plain(value))


def css(value: Any) -> str:
    """Inside a style element: no sign that ends a value, a rule or the element."""
    return re.sub(r"[<>{};\\\"'\n\r\f]", lambda found: f"\\{ord(found.group()):x} ", plain(value))


def style(value: Any) -> str:
    """Inside a style attribute."""
    return _references(css(value))


def script_text(value: Any) -> str:
    """Inside a string of a script (JavaScript or JSON)."""
    return _escaped(plain(value))


def script_value(value: Any) -> str:
    """As a value in a script: JSON as it is, every other text as a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_constant=_refuse)
            json.dumps(value, allow_nan=False)
        except (ValueError, RecursionError):
            return f'"{_escaped(value)}"'
    return _literal(value)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return f'"{_escaped(value)}"'
    if isinstance(value, dict):
        return "{" + ",".join(f'"{_escaped(str(name))}":{_literal(each)}' for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_literal, value)) + "]"
    return json.dumps(value)


def handler_text(value: Any) -> str:
    """Inside a string of an event attribute."""
    return _references(script_text(value))


def handler_value(value: Any) -> str:
    """As a value in an event attribute."""
    return _references(script_value(value))


def _escaped(said: str) -> str:
    """Only letters, digits and a few harmless signs stand for themselves."""
    return re.sub(r"[^A-Za-z0-9_.,]", lambda found: _units(found.group()), said)


def _units(sign: str) -> str:
    raw = sign.encode("utf-16-be")
    return "".join(f"\\u{int.from_bytes(raw[at : at + 2], 'big'):04x}" for at in range(0, len(raw), 2))


def _refuse(name: str) -> Any:
    raise ValueError(name)
