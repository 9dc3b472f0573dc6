"""Faults of `visible_when`: fields that do not exist, operators that do not fit, circles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from blueprint_form import schema
from blueprint_form.problems import Problem, key_path, shape, suggestion
from blueprint_form.values import as_number, is_date

Placed = tuple[str, dict[str, Any], list[tuple[str, Any]]]
"""A field with its path and the (path of the part, visible_when) on the way down to it."""


def check_rules(placed: list[Placed]) -> list[Problem]:
    """Every fault of the rules of a form; what is no rule at all is told elsewhere."""
    fields = {field["name"]: field for _, field, _ in placed}
    found: dict[Problem, None] = {}  # a section's rule is met once per field, but told once
    looks_at: dict[str, list[str]] = {}
    for _, field, rules in placed:
        looks_at[field["name"]] = []
        for path, given in rules:
            for at, rule in _listed(given, f"{path}.visible_when"):
                problems = list(_rule(rule, at, fields))
                found.update(dict.fromkeys(problems))
                if not problems:
                    looks_at[field["name"]].append(rule["field"])
    found.update(dict.fromkeys(_circles(placed, looks_at)))
    return list(found)


def _listed(given: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(given, list):
        yield from ((f"{path}[{index}]", rule) for index, rule in enumerate(given) if isinstance(rule, dict))
    elif isinstance(given, dict):
        yield path, given


def _rule(rule: dict[str, Any], at: str, fields: dict[str, dict[str, Any]]) -> Iterator[Problem]:
    name = rule.get("field")
    if not isinstance(name, str) or name not in fields:
        words = suggestion(str(name), fields) if name is not None else ""
        yield Problem(at, f"a rule needs 'field', the name of a field of this form; {name!r} is none{words}")
        return
    kind = schema.kind_of(fields[name])
    operators = [key for key in rule if key != "field"]
    unknown = [key for key in operators if key not in schema.OPERATORS[kind]]
    for key in unknown:
        words = suggestion(key, schema.OPERATORS[kind])
        yield Problem(key_path(at, key), f"no operator {key!r} for a field of type {kind}{words}")
    if len(operators) != 1:
        yield Problem(at, "a rule has 'field' and exactly one operator, such as 'equals'")
    elif not unknown:
        yield from _operand(rule[operators[0]], operators[0], fields[name], key_path(at, operators[0]))


def _operand(value: Any, operator: str, field: dict[str, Any], at: str) -> Iterator[Problem]:
    if operator == "filled":
        if not isinstance(value, bool):
            yield Problem(at, f"must be true or false, not {shape(value)}")
        return
    if operator in ("in", "not_in"):
        if not isinstance(value, list) or not value:
            yield Problem(at, f"must be a list of values, not {shape(value)}")
            return
        for index, each in enumerate(value):
            yield from _single(each, field, f"{at}[{index}]")
        return
    yield from _single(value, field, at)


def _single(value: Any, field: dict[str, Any], at: str) -> Iterator[Problem]:
    if field["type"] in ("number", "range"):
        if isinstance(value, str) or as_number(value) is None:
            yield Problem(at, f"must be a number, not {shape(value)}")
    elif not isinstance(value, str):
        yield Problem(at, f"must be text, not {shape(value)}")
    elif field["type"] == "date" and value and not is_date(value):
        yield Problem(at, f'must be a date like "2024-12-31", not {shape(value)}')
    elif "options" in field and value and value not in (known := _option_values(field)):
        yield Problem(at, f"{value!r} is no option of field {field['name']!r}{suggestion(value, known)}")


def _option_values(field: dict[str, Any]) -> list[str]:
    options = field["options"] if isinstance(field["options"], list) else []
    values = [option.get("value") for option in options if isinstance(option, dict)]
    return [value for value in values if isinstance(value, str)]


def _circles(placed: list[Placed], looks_at: dict[str, list[str]]) -> Iterator[Problem]:
    done: set[str] = set()
    for path, field, _ in placed:
        name = field["name"]
        circle = _circle(name, looks_at, done)
        if circle:
            chain = " → ".join(circle)
            yield Problem(path, f"'visible_when' goes in a circle: {chain}; a field cannot decide about itself")
            done.update(circle)


def _circle(start: str, looks_at: dict[str, list[str]], done: set[str]) -> list[str] | None:
    """A way from `start` back to itself or into a circle; marks what leads to none as done."""
    trail: list[str] = []
    stack = [(start, False)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            trail.pop()
            done.add(name)
        elif name in trail:
            return [*trail[trail.index(name) :], name]
        elif name not in done:
            trail.append(name)
            stack.append((name, True))
            stack += [(other, False) for other in looks_at[name]]
    return None
