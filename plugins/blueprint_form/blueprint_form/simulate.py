"""What a simulated worker answers: valid, varied, and the same each time for the same agent."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from random import Random
from typing import Any

from blueprint_form.patterns import compile_pattern, sample
from blueprint_form.rules import validate
from blueprint_form.visibility import placed_fields, visible_fields
from crowdcore.errors import ConfigError

Upload = tuple[str, bytes]

_WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "hazel",
    "ivory",
    "jade",
    "lark",
    "maple",
    "north",
    "ocean",
    "pearl",
    "river",
    "stone",
]
_TRIES = 300


def simulated_answer(form: dict[str, Any], seed: int) -> tuple[dict[str, Any], dict[str, Upload]]:
    """({field: value}, {field: (file name, content)}) that `validate` accepts, file fields only in the second.

    ConfigError when a field's validators leave nothing that could be found by trying.
    """
    random = Random(seed)  # noqa: S311  (variety, not secrecy)
    data: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    for placed in placed_fields(form):
        field = placed.field
        if field["type"] == "file":
            files[field["name"]] = _file(field, random)
        else:
            data[field["name"]] = _value(field, random)
    shown = visible_fields(form, {**data, **dict.fromkeys(files, "upload")})
    data = {name: value for name, value in data.items() if name in shown}
    return data, {name: upload for name, upload in files.items() if name in shown}


def _value(field: dict[str, Any], random: Random) -> Any:
    """A value that the field alone accepts."""
    alone = {key: value for key, value in field.items() if key != "visible_when"}
    form = {"sections": [{"fieldsets": [{"rows": [{"fields": [alone]}]}]}]}
    for _ in range(_TRIES):
        value = _MAKERS[field["type"]](field, random)
        if not validate(form, {field["name"]: value}, {}):
            return value
    raise ConfigError(
        f"field {field['name']!r}: found no answer that its validators accept; "
        f"override blueprint_simulate in hooks.py to give one"
    )


def _rules(field: dict[str, Any]) -> dict[str, Any]:
    return field.get("validators") or {}


def _text(field: dict[str, Any], random: Random) -> str:
    rules = _rules(field)
    if "regexp" in rules:
        parts = [rules["regexp"]] if isinstance(rules["regexp"], str) else rules["regexp"]
        return sample(compile_pattern(*parts).tree, random)
    if field["type"] == "email":
        return f"{random.choice(_WORDS)}{random.randint(1, 999)}@example.org"
    least = rules.get("minLength", 1)
    most = min(rules.get("maxLength", least + 40), least + 200)
    text = random.choice(_WORDS)
    while len(text) < least + random.randint(0, 20):
        text += " " + random.choice(_WORDS)
    return text[:most].strip().ljust(least, "a")


def _number(field: dict[str, Any], random: Random) -> str:
    rules = _rules(field)
    low = float(rules.get("min", min(0.0, float(rules.get("max", 0)) - 100)))
    high = float(rules.get("max", 100 if field["type"] == "range" and low < 100 else low + 100))
    step = float(rules.get("step", 1))
    value = low + step * random.randint(0, max(0, int((high - low) / step)))
    return str(int(value)) if value == int(value) else repr(round(value, 12))


def _date(field: dict[str, Any], random: Random) -> str:
    rules = _rules(field)
    low = datetime.date.fromisoformat(rules.get("min", min("2000-01-01", rules.get("max", "2000-01-01"))))
    high = datetime.date.fromisoformat(rules.get("max", max("2030-12-31", low.isoformat())))
    return (low + datetime.timedelta(days=random.randint(0, (high - low).days))).isoformat()


def _options(field: dict[str, Any]) -> list[str]:
    return [option["value"] for option in field["options"] if option["value"]]


def _some(field: dict[str, Any], random: Random) -> list[str]:
    options, rules = _options(field), _rules(field)
    most = min(rules.get("maxLength", len(options)), len(options))
    chosen = set(random.sample(options, random.randint(min(rules.get("minLength", 1), most), most)))
    return [option for option in options if option in chosen]


def _select(field: dict[str, Any], random: Random) -> Any:
    return _some(field, random) if field.get("multiple") is True else random.choice(_options(field) or [""])


def _checkbox(field: dict[str, Any], random: Random) -> dict[str, bool]:
    chosen = _some(field, random)
    return {option: option in chosen for option in _options(field)}


def _ranking(field: dict[str, Any], random: Random) -> list[str]:
    options = _options(field)
    return random.sample(options, len(options))


def _file(field: dict[str, Any], random: Random) -> Upload:
    rules = _rules(field)
    extension = random.choice(rules.get("fileExtension", ["txt"]))
    text = " ".join(random.choice(_WORDS) for _ in range(random.randint(5, 50))).encode()
    return f"{random.choice(_WORDS)}.{extension}", text[: rules.get("maxFileSize", len(text))]


_MAKERS: dict[str, Callable[[dict[str, Any], Random], Any]] = {
    "input": _text, "email": _text, "textarea": _text, "hidden": _text, "number": _number, "range": _number,
    "date": _date, "select": _select, "radio": lambda field, random: random.choice(_options(field)),
    "checkbox": _checkbox, "ranking": _ranking,
}  # fmt: skip
