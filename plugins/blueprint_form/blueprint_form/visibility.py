"""Which fields a form shows, given the answers: `visible_when` on field, row, fieldset and section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from blueprint_form.values import as_list, as_number, is_filled, text_of

Rule = dict[str, Any]


@dataclass(frozen=True)
class Placed:
    """A field of a form with every rule on the way from its section down to itself."""

    field: dict[str, Any]
    rules: tuple[Rule, ...]


def rules_of(part: dict[str, Any]) -> list[Rule]:
    """The rules of one part: `visible_when` is one rule or a list of which all must hold."""
    rule = part.get("visible_when")
    if rule is None:
        return []
    return rule if isinstance(rule, list) else [rule]


def placed_fields(form: dict[str, Any]) -> Iterator[Placed]:
    """All fields of a form in reading order."""
    for section in form["sections"]:
        for fieldset in section["fieldsets"]:
            outer = (*rules_of(section), *rules_of(fieldset))
            for row in fieldset["rows"]:
                for field in row["fields"]:
                    yield Placed(field, (*outer, *rules_of(row), *rules_of(field)))


def visible_fields(form: dict[str, Any], data: dict[str, Any]) -> set[str]:
    """Names of the fields that the rules show. A hidden field counts as empty in other fields' rules."""
    placed = {each.field["name"]: each for each in placed_fields(form)}
    known: dict[str, bool] = {}

    def shown(name: str) -> bool:
        if name not in known:
            known[name] = True  # a form with a circle is refused at launch; here it must only end
            known[name] = all(holds(rule) for rule in placed[name].rules)
        return known[name]

    def holds(rule: Rule) -> bool:
        target = placed.get(rule["field"])
        if target is None:
            return False
        value = data.get(rule["field"]) if shown(rule["field"]) else None
        return rule_holds(rule, target.field, value)

    return {name for name in placed if shown(name)}


def rule_holds(rule: Rule, field: dict[str, Any], value: Any) -> bool:
    """Whether one rule holds for the `value` of its `field` (None: absent or hidden)."""
    if "filled" in rule:
        return is_filled(value) is rule["filled"]
    if "contains" in rule:
        return rule["contains"] in as_list(value)
    if "not_contains" in rule:
        return rule["not_contains"] not in as_list(value)
    if field["type"] in ("number", "range"):
        return _number_rule(rule, as_number(value))
    return _text_rule(rule, text_of(value))


def _number_rule(rule: Rule, value: float | None) -> bool:
    if "equals" in rule:
        return value == float(rule["equals"])
    if "not_equals" in rule:
        return value != float(rule["not_equals"])
    if "in" in rule:
        return value in [float(each) for each in rule["in"]]
    if "not_in" in rule:
        return value not in [float(each) for each in rule["not_in"]]
    if "at_least" in rule:
        return value is not None and value >= float(rule["at_least"])
    return value is not None and value <= float(rule["at_most"])


def _text_rule(rule: Rule, value: str) -> bool:
    if "equals" in rule:
        return bool(value == rule["equals"])
    if "not_equals" in rule:
        return bool(value != rule["not_equals"])
    if "in" in rule:
        return value in rule["in"]
    if "not_in" in rule:
        return value not in rule["not_in"]
    if "at_least" in rule:
        return bool(value and value >= rule["at_least"])
    return bool(value and value <= rule["at_most"])
