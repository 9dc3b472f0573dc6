"""A field that the page hid is neither demanded nor stored; nobody else can leave out what is required."""

from __future__ import annotations

from typing import Any

from blueprint_form import validate

PET = {"name": "pet", "label": "Pet?", "type": "radio", "options": [{"label": n, "value": n} for n in ("yes", "no")]}
NAME = {
    "name": "name", "label": "Its name", "type": "input", "validators": {"required": True},
    "visible_when": {"field": "pet", "equals": "yes"},
}  # fmt: skip
AGE = {**NAME, "name": "age", "visible_when": {"field": "name", "filled": True}}


def test_a_field_hidden_by_its_rule_is_not_demanded(make_form: Any) -> None:
    form = make_form(PET, NAME)
    assert validate(form, {"pet": "no"}, {}) == {}
    assert validate(form, {"pet": "yes"}, {}) == {"name": ["This field is required."]}


def test_a_field_hidden_by_its_rule_cannot_be_smuggled_in(make_form: Any) -> None:
    found = validate(make_form(PET, NAME), {"pet": "no", "name": "Rex"}, {})
    assert found == {"name": ["Other answers hide this field; it must be left out."]}


def test_what_hangs_on_a_hidden_field_is_hidden_too(make_form: Any) -> None:
    form = make_form(PET, NAME, AGE)
    assert validate(form, {"pet": "no"}, {}) == {}
    assert validate(form, {"pet": "yes", "name": "Rex"}, {}) == {"age": ["This field is required."]}


def test_the_rule_of_a_section_counts_for_its_fields(make_form: Any) -> None:
    form = make_form(PET)
    form["sections"] += make_form({**NAME, "visible_when": None})["sections"]
    form["sections"][1]["visible_when"] = {"field": "pet", "equals": "yes"}
    assert validate(form, {"pet": "no"}, {}) == {}
    assert "name" in validate(form, {"pet": "yes"}, {})


def test_only_a_field_that_may_be_hidden_can_be_absent_without_a_rule(make_form: Any) -> None:
    plain = {"name": "a", "label": "A", "type": "input", "validators": {"required": True}}
    assert validate(make_form(plain), {}, {}) == {"a": ["This field is required."]}
    hideable = make_form({**plain, "may_be_hidden": True})
    assert validate(hideable, {}, {}) == {}
    assert validate(hideable, {"a": ""}, {}) == {"a": ["This field is required."]}
