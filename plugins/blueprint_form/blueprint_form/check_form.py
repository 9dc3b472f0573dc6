"""Finding every fault of a form at launch, each with its JSON path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from blueprint_form import schema
from blueprint_form.check_fields import check_options, check_validators, check_value
from blueprint_form.check_rules import check_rules
from blueprint_form.problems import Problem, key_path, shape, suggestion
from blueprint_form.schema import Kind, Part

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Custom:
    """Names that the author's insertions/custom_validators.js and custom_triggers.js export."""

    validators: frozenset[str] = frozenset()
    triggers: frozenset[str] = frozenset()


def check(form: Any, where: str = "form", custom: Custom | None = None) -> list[Problem]:
    """Every fault of `form`; empty when it can be shown and validated.

    `where` is the JSON path of the form within its file. `custom` names the author's own validators
    and triggers; without it there are none.
    """
    return [problem for problem in examine(form, where, custom) if not problem.doubt]


def examine(form: Any, where: str = "form", custom: Custom | None = None) -> list[Problem]:
    """As `check`, with what its author should doubt too."""
    checker = _Checker(custom or Custom())
    checker.form(form, where)
    return checker.problems + check_rules(checker.placed)


@dataclass
class _Checker:
    custom: Custom
    problems: list[Problem] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    placed: list[tuple[str, dict[str, Any], list[tuple[str, Any]]]] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def form(self, form: Any, path: str) -> None:
        if not self.part(form, path, schema.FORM, "form"):
            return
        if isinstance(form.get("submit_button"), dict):
            button_path = f"{path}.submit_button"
            self.part(form["submit_button"], button_path, schema.SUBMIT_BUTTON, "submit button")
            self.triggers(form["submit_button"], button_path, schema.BUTTON_EVENTS)
        for section, section_path in self.children(form, path, "sections"):
            if not self.part(section, section_path, schema.SECTION, "section"):
                continue
            self.triggers(section, section_path, schema.BUTTON_EVENTS)
            if section.get("collapsable") is False and section.get("initially_collapsed") is True:
                self.add(section_path, "'initially_collapsed' needs 'collapsable', or nobody could open it")
            rules = [(section_path, section.get("visible_when"))]
            for fieldset, fieldset_path in self.children(section, section_path, "fieldsets"):
                self.fieldset(fieldset, fieldset_path, rules)

    def fieldset(self, fieldset: Any, path: str, rules: list[tuple[str, Any]]) -> None:
        if not self.part(fieldset, path, schema.FIELDSET, "fieldset"):
            return
        rules = [*rules, (path, fieldset.get("visible_when"))]
        for row, row_path in self.children(fieldset, path, "rows"):
            if not self.part(row, row_path, schema.ROW, "row"):
                continue
            for each, field_path in self.children(row, row_path, "fields"):
                own = each.get("visible_when") if isinstance(each, dict) else None
                self.field(each, field_path, [*rules, (row_path, row.get("visible_when")), (field_path, own)])

    def field(self, each: Any, path: str, rules: list[tuple[str, Any]]) -> None:
        if not isinstance(each, dict):
            return self.add(path, f"a field must be an object, not {shape(each)}")
        type = each.get("type")
        if not isinstance(type, str) or type not in schema.FIELDS:
            for key, seen in (("name", self.names), ("id", self.ids)):
                self.unique(each.get(key), f"{path}.{key}", key, seen)
            if type is None:
                return self.add(path, "a field must have 'type'")
            words = suggestion(type, schema.FIELD_TYPES) if isinstance(type, str) else ""
            return self.add(f"{path}.type", f"unknown field type {type!r}{words}")
        if each.get("initially_hidden") is True and each.get("may_be_hidden") is not True:
            self.add(f"{path}.initially_hidden", "needs 'may_be_hidden': true, or the server would demand the field")
        before = len(self.problems)
        self.part(each, path, schema.FIELDS[type], f"field of type {type}")
        self.triggers(each, path, schema.FIELD_EVENTS)
        if "options" in schema.FIELDS[type].attributes and isinstance(each.get("options"), list):
            self.problems += check_options(each, path)
        if isinstance(each.get("validators", {}), dict):
            self.problems += check_validators(each, path, self.custom.validators)
        if all(problem.doubt for problem in self.problems[before:]):
            self.problems += check_value(each, path)
        if isinstance(each.get("name"), str):
            self.placed.append((path, each, rules))
        return None

    def part(self, value: Any, path: str, part: Part, word: str) -> bool:
        """Check attributes, shapes, name and id of one object; False when it is no object."""
        if not isinstance(value, dict):
            self.add(path, f"a {word} must be an object, not {shape(value)}")
            return False
        for key in part.required:
            if key not in value:
                self.add(path, f"a {word} must have {key!r}")
        for key, each in value.items():
            kind = part.attributes.get(key)
            if kind is None:
                self.add(key_path(path, key), f"a {word} has no attribute {key!r}{suggestion(key, part.attributes)}")
            elif not _fits(each, kind):
                self.add(key_path(path, key), f"{key!r} must be {_WANTED[kind]}, not {shape(each)}")
        if "label" in part.required and value.get("label") == "":
            self.add(f"{path}.label", "a field needs a label that people can read or hear")
        for key, seen in (("name", self.names), ("id", self.ids)):
            self.unique(value.get(key), f"{path}.{key}", key, seen)
        return True

    def unique(self, value: Any, path: str, key: str, seen: dict[str, str]) -> None:
        if not isinstance(value, str) or value == "":
            return
        if value in seen:
            self.add(path, f"the {key} {value!r} is used twice; first at {seen[value]}")
            return
        seen[value] = path
        if key == "name" and (value == "__proto__" or not _NAME.fullmatch(value)):
            self.add(path, f"the name {value!r} must start with a letter and have only letters, digits, _ - .")
        if key == "id" and (re.search(r"\s", value) or value.startswith("crowd-")):
            self.add(path, f"the id {value!r} must have no spaces and not start with 'crowd-'")

    def children(self, value: dict[str, Any], path: str, key: str) -> Iterator[tuple[Any, str]]:
        items = value.get(key)
        if not isinstance(items, list):
            return
        if not items:
            self.add(f"{path}.{key}", f"{key!r} must have at least one entry")
        for index, item in enumerate(items):
            yield item, f"{path}.{key}[{index}]"

    def triggers(self, value: dict[str, Any], path: str, events: tuple[str, ...]) -> None:
        triggers = value.get("triggers")
        for event, call in triggers.items() if isinstance(triggers, dict) else ():
            at = key_path(f"{path}.triggers", event)
            if event not in events:
                self.add(at, f"no trigger {event!r} here{suggestion(event, events)}")
                continue
            name = call[0] if isinstance(call, list) and call else call
            if not isinstance(name, str):
                self.add(at, "a trigger is a function's name or [name, argument, …]")
            elif name not in self.custom.triggers:
                words = suggestion(name, sorted(self.custom.triggers)) or " (it exports nothing, or is not there)"
                self.add(at, f"insertions/custom_triggers.js exports no {name!r}{words}")


_WANTED: dict[Kind, str] = {
    "html": "text", "text": "text", "id": "text", "name": "text", "type": "text", "value": "a value",
    "bool": "true or false", "classes": "text with class names", "list": "a list", "options": "a list",
    "object": "an object", "triggers": "an object", "validators": "an object",
    "rules": "an object or a list of objects",
}  # fmt: skip


def _fits(value: Any, kind: Kind) -> bool:
    match kind:
        case "html" | "text" | "id" | "name" | "type":
            return isinstance(value, str)
        case "classes":
            return isinstance(value, str) and re.fullmatch(r"[\w\s:./-]*", value) is not None
        case "bool":
            return isinstance(value, bool)
        case "list" | "options":
            return isinstance(value, list)
        case "object" | "triggers" | "validators":
            return isinstance(value, dict)
        case "rules":
            return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(v, dict) for v in value))
        case "value":
            return True
