"""Every fault of a form is told at once, with its JSON path, and never as a stack trace."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from blueprint_form import Custom, check

FIELD = {"name": "a", "label": "A", "type": "input"}


def told(form: Any, custom: Custom | None = None) -> list[str]:
    return [str(problem) for problem in check(form, "[0].form", custom)]


@pytest.mark.parametrize(
    "form", [None, 3, "x", [], {}, {"sections": {}}, {"sections": [None], "title": 1, "submit_button": []}]
)
def test_nonsense_is_told_not_raised(form: Any) -> None:
    assert told(form)


@pytest.mark.parametrize("key", ["title", "sections", "submit_button"])
def test_a_missing_part_of_the_form_is_a_message(make_form: Any, key: str) -> None:
    form = make_form(FIELD)
    del form[key]
    assert told(form) == [f"[0].form: a form must have {key!r}"]


def test_a_missing_fieldsets_is_a_message(make_form: Any) -> None:
    form = make_form(FIELD)
    form["sections"].append({"title": "Empty"})
    assert told(form) == ["[0].form.sections[1]: a section must have 'fieldsets'"]


def test_all_faults_of_one_form_are_told_together(make_form: Any) -> None:
    form = make_form(
        {"name": "a", "label": "A", "type": "inptu"},
        {"name": "b", "label": "B", "type": "input", "placehoder": "x"},
        {"name": "b", "label": "C", "type": "input", "validators": {"regexp": "(", "minLenght": 2, "max": 3}},
        {"name": "d", "label": "D", "type": "select", "options": [{"label": "x", "value": "1"}, {"value": "1"}]},
        {"name": "e", "label": "", "type": "textarea", "id": "two words"},
    )
    text = "\n".join(told(form))
    rows = "[0].form.sections[0].fieldsets[0].rows"
    for line in (
        f"{rows}[0].fields[0].type: unknown field type 'inptu' (did you mean 'input'?)",
        f"{rows}[1].fields[0].placehoder: a field of type input has no attribute 'placehoder' "
        "(did you mean 'placeholder'?)",
        f"{rows}[2].fields[0].name: the name 'b' is used twice; first at {rows}[1].fields[0].name",
        f"{rows}[3].fields[0].options[1]: an option must have 'label'",
        f"{rows}[3].fields[0].options[1].value: the value '1' is used twice; first at options[0]",
        f"{rows}[4].fields[0].label: a field needs a label that people can read or hear",
        f"{rows}[4].fields[0].id: the id 'two words' must have no spaces and not start with 'crowd-'",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"validators": {"regexp": "("}}, "a ( is never closed"),
        ({"validators": {"regexp": ["a", "x"]}}, "flag 'x' is not offered"),
        ({"validators": {"minLenght": 2}}, "did you mean 'minLength'?"),
        ({"validators": {"max": 3}}, "does not fit a field of type input"),
        ({"validators": {"minLength": 5, "maxLength": 2}}, "nothing would fit"),
        ({"validators": {"required": "yes"}}, "must be true or false, not the text 'yes'"),
        ({"validators": {"minLength": -1}}, "must be a whole number"),
        ({"value": 3}, "the default value must be text"),
        ({"name": "__proto__"}, "must start with a letter"),
        ({"name": "a b"}, "must start with a letter"),
        ({"triggers": {"onClick": "go"}}, "custom_triggers.js exports no 'go'"),
        ({"triggers": {"onclick": "go"}}, "did you mean 'onClick'?"),
        ({"initially_hidden": True}, "needs 'may_be_hidden'"),
        ({"visible_when": {"field": "b", "equals": "x"}}, "'b' is none"),
        ({"visible_when": {"field": "a", "equals": "x"}}, "goes in a circle: a → a"),
        ({"type": "date", "validators": {"min": "2023-02-29"}}, "must be a date"),
        ({"type": "number", "validators": {"min": "1"}}, "must be a number"),
        ({"type": "file", "validators": {"fileExtension": [".pdf"]}}, "without the dot"),
        ({"type": "file", "value": "x"}, "cannot be given beforehand"),
        ({"type": "ranking", "options": [{"label": "x", "value": "x"}], "value": ["y"]}, "all option values in order"),
        ({"type": "radio", "options": []}, "at least one entry"),
        ({"type": "radio", "options": [{"label": n, "value": n, "checked": True} for n in "ab"]}, "only one option"),
    ],
)  # fmt: skip
def test_each_kind_of_fault_has_its_words(make_form: Any, change: dict[str, Any], message: str) -> None:
    assert message in "\n".join(told(make_form({**FIELD, **change})))


def test_the_authors_own_validators_and_triggers_are_known_by_name(make_form: Any) -> None:
    form = make_form({**FIELD, "validators": {"kind": ["x"]}, "triggers": {"onChange": ["go", 1]}})
    assert len(told(form)) == 2
    assert told(form, Custom(frozenset({"kind"}), frozenset({"go"}))) == []


def test_two_rules_that_look_at_each_other_are_refused(make_form: Any) -> None:
    first = {**FIELD, "visible_when": {"field": "b", "filled": True}}
    second = {**FIELD, "name": "b", "visible_when": {"field": "a", "filled": True}}
    assert any("a → b → a" in line for line in told(make_form(first, second)))


def test_checking_changes_nothing(make_form: Any) -> None:
    form = make_form({**FIELD, "validators": {"required": True}})
    before = copy.deepcopy(form)
    assert check(form) == []
    assert form == before
