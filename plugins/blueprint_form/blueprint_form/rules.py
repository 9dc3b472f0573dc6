"""Judging an answer to a form. The server's word; `static/form_rules.js` says the same in the browser."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from blueprint_form import messages
from blueprint_form.patterns import Budget, compile_pattern
from blueprint_form.values import as_list, as_number, ascii_lower, is_blank, is_date, is_email, is_storable
from blueprint_form.visibility import placed_fields, visible_fields

Field = dict[str, Any]
Files = dict[str, dict[str, Any]]
Errors = dict[str, list[str]]


def validate(form: dict[str, Any], data: Any, files: Files, budget: Budget | None = None) -> Errors:
    """The faults of an answer: {field: [message, …]}, empty when it is fine.

    `form` has passed `check`. `data` is {field: value} without the fields that the page hid. `files`
    is {field: {"name", "size", …}} of the uploads that `data` names. Faults that belong to no field
    are under "". Author's own validators run in the browser only. `budget` is what all patterns together may take.
    """
    if not isinstance(data, dict):
        return {"": [messages.NOT_OBJECT]}
    shown = visible_fields(form, data)
    errors: Errors = {}
    known: set[str] = set()
    budget = budget or Budget()
    for placed in placed_fields(form):
        name = placed.field["name"]
        known.add(name)
        found = _judge(placed.field, name in shown, data, files, budget)
        if found:
            errors[name] = found
    errors |= {name: [messages.UNKNOWN] for name in data if name not in known}
    return errors


def _judge(field: Field, shown: bool, data: dict[str, Any], files: Files, budget: Budget) -> list[str]:
    name = field["name"]
    if name not in data:
        may_be_absent = not shown or field.get("may_be_hidden") is True or not _required(field)
        return [] if may_be_absent else [messages.REQUIRED]
    if not shown:
        return [messages.HIDDEN]
    if field["type"] == "file":
        return _file(field, data[name], files.get(name))
    if field["type"] in _TEXTS:
        return _text(field, data[name], budget)
    return _CHECKS[field["type"]](field, data[name])


def _validators(field: Field) -> dict[str, Any]:
    return field.get("validators") or {}


def _required(field: Field) -> bool:
    return _validators(field).get("required") is True


def _empty(field: Field) -> list[str]:
    return [messages.REQUIRED] if _required(field) else []


def _text(field: Field, value: Any, budget: Budget) -> list[str]:
    if not isinstance(value, str):
        return [messages.NOT_TEXT]
    if not is_storable(value):
        return [messages.BAD_TEXT]
    if value == "" or (_required(field) and is_blank(value)):
        return _empty(field)
    rules, found = _validators(field), []
    if len(value) < rules.get("minLength", 0):
        found.append(messages.too_short(rules["minLength"], len(value)))
    if len(value) > rules.get("maxLength", math.inf):
        found.append(messages.too_long(rules["maxLength"], len(value)))
    if field["type"] == "email" and not is_email(value):
        found.append(messages.EMAIL)
    return found + _pattern(rules.get("regexp"), value, budget)


def _pattern(rule: str | list[str] | None, value: str, budget: Budget) -> list[str]:
    """Once the time of an answer is used up it is refused, and no further pattern is tried."""
    if rule is None or budget.left <= 0:
        return []
    source, flags = (rule, "") if isinstance(rule, str) else (rule[0], rule[1] if len(rule) > 1 else "")
    try:
        return [] if compile_pattern(source, flags).test(value, budget) else [messages.PATTERN]
    except TimeoutError:
        return [messages.TOO_SLOW]


def _number(field: Field, value: Any) -> list[str]:
    if value == "":
        return _empty(field)
    number = as_number(value)
    if number is None:
        return [messages.NUMBER]
    rules, found = _validators(field), []
    low, high = float(rules.get("min", -math.inf)), float(rules.get("max", math.inf))
    if number < low:
        found.append(messages.too_small(low))
    if number > high:
        found.append(messages.too_large(high))
    step, base = float(rules.get("step", 0)), float(rules.get("min", 0))
    if step and not _on_step(number, step, base):
        found.append(messages.off_step(step, base))
    return found


def _on_step(number: float, step: float, base: float) -> bool:
    steps = (number - base) / step
    return math.isfinite(steps) and abs(steps - math.floor(steps + 0.5)) <= 1e-9 * max(1.0, abs(steps))


def _date(field: Field, value: Any) -> list[str]:
    if value == "":
        return _empty(field)
    if not isinstance(value, str) or not is_date(value):
        return [messages.DATE]
    rules, found = _validators(field), []
    if value < rules.get("min", ""):
        found.append(messages.too_small(rules["min"]))
    if "max" in rules and value > rules["max"]:
        found.append(messages.too_large(rules["max"]))
    return found


def _options(field: Field) -> list[str]:
    return [option["value"] for option in field["options"]]


def _choice(field: Field, value: Any) -> list[str]:
    if field.get("multiple") is True:
        return _choices(field, value)
    if value == "":
        return _empty(field)
    return [] if isinstance(value, str) and value in _options(field) else [messages.OPTION]


def _choices(field: Field, value: Any) -> list[str]:
    options = _options(field)
    if not isinstance(value, list) or not all(isinstance(each, str) and each in options for each in value):
        return [messages.OPTIONS]
    return [messages.OPTIONS] if len(set(value)) < len(value) else _selected(field, len(value))


def _checkbox(field: Field, value: Any) -> list[str]:
    options = _options(field)
    if not isinstance(value, dict) or not all(
        option in options and isinstance(chosen, bool) for option, chosen in value.items()
    ):
        return [messages.OPTIONS]
    return _selected(field, len(as_list(value)))


def _selected(field: Field, count: int) -> list[str]:
    if count == 0:
        return _empty(field)
    rules, found = _validators(field), []
    if count < rules.get("minLength", 0):
        found.append(messages.too_few(rules["minLength"]))
    if count > rules.get("maxLength", math.inf):
        found.append(messages.too_many(rules["maxLength"]))
    return found


def _ranking(field: Field, value: Any) -> list[str]:
    if value == []:
        return _empty(field)
    options = _options(field)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return [messages.RANKING]
    return [] if sorted(value) == sorted(options) else [messages.RANKING]


def _file(field: Field, value: Any, meta: dict[str, Any] | None) -> list[str]:
    if value == "":
        return _empty(field)
    if not isinstance(value, str) or meta is None:
        return [messages.FILE]
    rules, found = _validators(field), []
    extensions = rules.get("fileExtension")
    name = ascii_lower(str(meta["name"]))
    if extensions and not any(name.endswith("." + ascii_lower(each)) for each in extensions):
        found.append(messages.wrong_extension(extensions))
    if meta["size"] > rules.get("maxFileSize", math.inf):
        found.append(messages.too_big(rules["maxFileSize"]))
    return found


_CHECKS: dict[str, Callable[[Field, Any], list[str]]] = {
    "number": _number, "range": _number, "date": _date, "select": _choice, "radio": _choice, "checkbox": _checkbox,
    "ranking": _ranking,
}  # fmt: skip
_TEXTS = ("input", "email", "textarea", "hidden")
