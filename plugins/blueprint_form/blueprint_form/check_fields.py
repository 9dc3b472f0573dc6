"""Faults of one field: its options, validators and default value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from blueprint_form import schema
from blueprint_form.patterns import PatternError, compile_pattern, slow_text
from blueprint_form.problems import Problem, key_path, shape, suggestion
from blueprint_form.values import as_number, is_date

_MOST = 1_000_000_000


def check_options(field: dict[str, Any], path: str) -> Iterator[Problem]:
    """Faults of the options: shapes, doubles, more than one chosen where one may be."""
    options = field["options"]
    seen: dict[str, int] = {}
    if not options:
        yield Problem(f"{path}.options", "'options' must have at least one entry")
    for index, option in enumerate(options):
        at = f"{path}.options[{index}]"
        if not isinstance(option, dict):
            yield Problem(at, f"an option must be an object, not {shape(option)}")
            continue
        yield from _option(option, at)
        value = option.get("value")
        if isinstance(value, str):
            if value in seen:
                yield Problem(f"{at}.value", f"the value {value!r} is used twice; first at options[{seen[value]}]")
            seen.setdefault(value, index)
            if value == "" and schema.kind_of(field) != "select":
                yield Problem(f"{at}.value", "only a single select may have an option with an empty value")
    chosen = sum(1 for option in options if isinstance(option, dict) and option.get("checked") is True)
    if chosen > 1 and field["type"] == "radio":
        yield Problem(f"{path}.options", "only one option of a radio field may be checked")
    if chosen and field["type"] in ("select", "ranking"):
        yield Problem(f"{path}.options", f"'checked' is for checkbox and radio; give a {field['type']} a 'value'")


def _option(option: dict[str, Any], at: str) -> Iterator[Problem]:
    for key in schema.OPTION.required:
        if key not in option:
            yield Problem(at, f"an option must have {key!r}")
    for key, value in option.items():
        if key not in schema.OPTION.attributes:
            yield Problem(
                key_path(at, key), f"an option has no attribute {key!r}{suggestion(key, schema.OPTION.attributes)}"
            )
        elif not isinstance(value, bool if key == "checked" else str):
            wanted = "true or false" if key == "checked" else "text"
            yield Problem(f"{at}.{key}", f"{key!r} must be {wanted}, not {shape(value)}")


def check_validators(field: dict[str, Any], path: str, custom: frozenset[str]) -> Iterator[Problem]:
    """Faults of the validators: unknown ones, those that do not fit the type, bad arguments."""
    kind = schema.kind_of(field)
    known = schema.VALIDATORS[kind]
    rules = field.get("validators", {})
    for name, argument in rules.items():
        at = key_path(f"{path}.validators", name)
        if name in known:
            message = _ARGUMENTS[name](argument, kind)
            if message:
                yield Problem(at, message)
            elif name == "regexp":
                yield from _slow(argument, at)
        elif name in _ARGUMENTS:
            yield Problem(at, f"validator {name!r} does not fit a field of type {kind}{suggestion('', known)}")
        elif name not in custom:
            words = suggestion(name, [*known, *sorted(custom)])
            yield Problem(at, f"unknown validator {name!r}{words}; own ones come from insertions/custom_validators.js")
    for low, high in (("minLength", "maxLength"), ("min", "max")):
        if _comparable(rules.get(low), rules.get(high)) and rules[low] > rules[high]:
            yield Problem(f"{path}.validators", f"{low!r} is above {high!r}: nothing would fit")


def _comparable(low: Any, high: Any) -> bool:
    return (_is_number(low) and _is_number(high)) or (isinstance(low, str) and isinstance(high, str))


def _is_number(value: Any) -> bool:
    return not isinstance(value, str) and as_number(value) is not None


def _bool(value: Any, _kind: str) -> str:
    return "" if isinstance(value, bool) else f"must be true or false, not {shape(value)}"


def _count(value: Any, _kind: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return ""
    return f"must be a whole number from 0 to {_MOST:,}, not {shape(value)}"


def _bound(value: Any, kind: str) -> str:
    if kind == "date":
        fits = isinstance(value, str) and is_date(value)
        return "" if fits else f'must be a date like "2024-12-31", not {shape(value)}'
    return "" if _is_number(value) else f"must be a number, not {shape(value)}"


def _step(value: Any, _kind: str) -> str:
    return "" if _is_number(value) and value > 0 else f"must be a number above 0, not {shape(value)}"


def _regexp(value: Any, _kind: str) -> str:
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list) or not 1 <= len(parts) <= 2 or not all(isinstance(part, str) for part in parts):
        return f"must be a pattern or [pattern, flags], not {shape(value)}"
    try:
        compile_pattern(*parts)
    except PatternError as error:
        return f"the pattern {parts[0]!r} cannot be used: {error}"
    return ""


def _slow(value: str | list[str], at: str) -> Iterator[Problem]:
    """A pattern that some texts take for ever; the same pattern is tried once."""
    parts = (value,) if isinstance(value, str) else tuple(value)
    text = _slow_text(*parts)
    if text is not None:
        yield Problem(
            at, f"the pattern {parts[0]!r} takes for ever on texts like {text!r}, which then count as not checked in "
            "time; avoid a repetition of what repeats or has overlapping choices", doubt=True,
        )  # fmt: skip


@lru_cache(maxsize=2048)
def _slow_text(*parts: str) -> str | None:
    return slow_text(compile_pattern(*parts).tree)


def _extensions(value: Any, _kind: str) -> str:
    if isinstance(value, list) and value and all(isinstance(each, str) and each.strip(". ") for each in value):
        dotted = [each for each in value if each.startswith(".")]
        return f"write {dotted[0]!r} without the dot" if dotted else ""
    return f'must be a list such as ["pdf", "png"], not {shape(value)}'


_ARGUMENTS: dict[str, Callable[[Any, str], str]] = {
    "required": _bool, "minLength": _count, "maxLength": _count, "regexp": _regexp, "min": _bound, "max": _bound,
    "step": _step, "fileExtension": _extensions, "maxFileSize": _count,
}  # fmt: skip


def check_value(field: dict[str, Any], path: str) -> Iterator[Problem]:
    """A default value of the wrong shape; "" is no default for every type."""
    value = field.get("value", "")
    if value == "" or _DEFAULTS[schema.kind_of(field)](value, [o["value"] for o in field.get("options", [])]):
        return
    wanted = {
        "checkbox": "an object {option: true or false}",
        "select multiple": "a list of option values",
        "ranking": "a list of all option values in order",
        "number": "a number", "range": "a number", "date": "a date like \"2024-12-31\"",
        "radio": "one of the option values", "select": "one of the option values",
        "file": "left out: a file cannot be given beforehand",
    }.get(schema.kind_of(field), "text")  # fmt: skip
    yield Problem(f"{path}.value", f"the default value must be {wanted}, not {shape(value)}")


def _is_text(value: Any, _options: list[str]) -> bool:
    return isinstance(value, str)


def _is_option(value: Any, options: list[str]) -> bool:
    return isinstance(value, str) and value in options


_DEFAULTS: dict[str, Callable[[Any, list[str]], bool]] = {
    **dict.fromkeys(("input", "email", "textarea", "hidden"), _is_text),
    **dict.fromkeys(("radio", "select"), _is_option),
    **dict.fromkeys(("number", "range"), lambda value, _: as_number(value) is not None),
    "date": lambda value, _: isinstance(value, str) and is_date(value),
    "select multiple": lambda value, options: isinstance(value, list) and all(_is_option(v, options) for v in value),
    "ranking": lambda value, options: isinstance(value, list) and all(_is_option(v, options) for v in value)
    and sorted(value) == sorted(options),
    "checkbox": lambda value, options: isinstance(value, dict)
    and all(key in options and isinstance(chosen, bool) for key, chosen in value.items()),
    "file": lambda _value, _options: False,
}  # fmt: skip
