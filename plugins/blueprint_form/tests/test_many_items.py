"""Many items of one make are checked as one by one: every fault is found, whichever item it is in."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blueprint_form import check_form
from blueprint_form.data import Faults, check_item, check_source, find_source
from blueprint_form.options import FormOptions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXTS = st.sampled_from(
    ["A word", "", 'He said "no"', "a\\b", "{{x}}", "é 🙂", "<b>bold</b>", '{"label": ""}', "], [", "\\"]
)
FORM: dict[str, Any] = {
    "title": "T", "instruction": "Read", "submit_button": {"text": "Send"},
    "sections": [{"title": "S", "name": "s", "fieldsets": [{"title": "F", "rows": [
        {"fields": [{"name": "id", "type": "hidden", "value": "item-1"}]},
        {"fields": [{"name": "text", "type": "textarea", "label": "Edit", "value": "as it is", "help": "H"}]},
        {"fields": [{"name": "kind", "type": "radio", "label": "Which?", "value": "a", "validators": {"required": True},
                     "options": [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]}]},
        {"fields": [{"name": "day", "type": "date", "label": "When?", "value": "2024-01-31"}]},
        {"fields": [{"name": "more", "type": "input", "label": "More", "validators": {"maxLength": 9}}]},
    ]}]}],
}  # fmt: skip
Change = Callable[[Any, Any], None]


def _at(*way: Any) -> Change:
    def change(form: Any, value: Any) -> None:
        for step in way[:-1]:
            form = form[step]
        form[way[-1]] = value

    return change


def _field(row: int, *way: Any) -> Change:
    return _at("sections", 0, "fieldsets", 0, "rows", row, "fields", 0, *way)


CHANGES: list[tuple[Change, st.SearchStrategy[Any]]] = [
    (_at("title"), TEXTS), (_at("instruction"), TEXTS), (_at("submit_button", "text"), TEXTS),
    (_field(0, "value"), TEXTS | st.just(17)), (_field(1, "value"), TEXTS), (_field(1, "label"), TEXTS),
    (_field(1, "name"), st.sampled_from(["text", "id", "2nd"])), (_field(1, "typo"), TEXTS),
    (_field(2, "value"), st.sampled_from(["a", "b", "c", ""])),
    (_field(2, "options", 0, "value"), st.sampled_from("ab")),
    (_field(2, "options", 1, "label"), TEXTS), (_field(3, "value"), st.sampled_from(["2024-01-31", "2024-02-31", ""])),
    (_field(3, "type"), st.sampled_from(["date", "input", "number"])),
    (_field(4, "validators", "maxLength"), st.sampled_from([9, -1])),
    (_field(4, "visible_when"), st.sampled_from([{"field": "kind", "equals": "a"}, {"field": "kind", "equals": "z"}])),
]  # fmt: skip


@st.composite
def forms(draw: st.DrawFn) -> dict[str, Any]:
    form = copy.deepcopy(FORM)
    for number in draw(st.lists(st.integers(0, len(CHANGES) - 1), max_size=3)):
        change, values = CHANGES[number]
        change(form, draw(values))
    return form


ITEMS = st.builds(lambda form, row: {"form": form, "metadata": {"row": row}}, forms(), st.integers())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    items=st.lists(ITEMS, min_size=1, max_size=9),
    ascii=st.booleans(), lines=st.booleans(), indent=st.sampled_from([None, 1]),
)  # fmt: skip
def test_the_faults_of_many_items_are_those_of_each(
    tmp_path: Path, items: list[Any], ascii: bool, lines: bool, indent: int | None
) -> None:
    path = tmp_path / "items"
    if lines:
        path.write_text("".join(json.dumps(item, ensure_ascii=ascii) + "\n" for item in items), "utf-8")
        source = find_source(FormOptions(data_jsonl=path), tmp_path)
    else:
        path.write_text(json.dumps(items, ensure_ascii=ascii, indent=indent), "utf-8")
        source = find_source(FormOptions(data_json=path), tmp_path)
    found, wanted = Faults(), Faults()
    assert check_source(source, found) == len(items)
    for number, item in enumerate(items):
        where = f"line {number + 1}" if lines else f"[{number}]"
        wanted.add(path, check_item(item, where, source.insertions))
    assert found.told() == wanted.told()
    assert list(source.items(Faults())) == items


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    sets=st.lists(
        st.fixed_dictionaries({"who": TEXTS, "id": TEXTS, "kind": st.sampled_from("abc")}), min_size=1, max_size=9
    )
)
def test_the_faults_of_many_token_sets_are_those_of_each(tmp_path: Path, sets: list[dict[str, str]]) -> None:
    form = copy.deepcopy(FORM)
    for row, key, value in ((0, "value", "{{id}}"), (1, "label", "{{who}}"), (2, "value", "{{kind}}")):
        _field(row, key)(form, value)
    (tmp_path / "unit_config.json").write_text(json.dumps({"form": form}))
    (tmp_path / "token_sets_values_config.json").write_text(json.dumps([{"tokens_values": each} for each in sets]))
    source = find_source(FormOptions(), tmp_path)
    found, wanted = Faults(), Faults()
    assert check_source(source, found) == len(sets)
    for number, item in enumerate(source.items(Faults())):
        wanted.add(source.path, check_item(item, f"item {number}", source.insertions))
    kinds = {line.split(": ", 1)[1].split(".", 1)[1] for line in wanted.told()}
    assert {line.split(": ", 1)[1].split(".", 1)[1] for line in found.told()} == kinds


def test_items_of_one_make_are_not_each_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    check = check_form.examine
    monkeypatch.setattr("blueprint_form.data.examine", lambda *given: looked.append(given) or check(*given))
    items = []
    for number in range(2000):
        form = copy.deepcopy(FORM)
        _field(0, "value")(form, f"item-{number}")
        _field(1, "label")(form, f"What of {number}?")
        items.append({"form": form, "metadata": {"row": number}})
    _field(2, "value")(items[1500]["form"], "z")
    (tmp_path / "task_data.json").write_text(json.dumps(items))
    faults = Faults()
    assert check_source(find_source(FormOptions(), tmp_path), faults) == 2000
    assert [line.partition(": ")[2].partition(":")[0] for line in faults.told()] == [
        "[1500].form.sections[0].fieldsets[0].rows[2].fields[0].value"
    ]
    assert len(looked) == 2


def test_items_before_a_place_that_is_no_json_are_checked_too(tmp_path: Path) -> None:
    good, bad = json.dumps({"form": FORM}), json.dumps({"form": {**FORM, "titel": "?"}})
    (tmp_path / "task_data.json").write_text(f"[{good}, {bad},\n{good} {good}]")
    faults = Faults()
    check_source(find_source(FormOptions(), tmp_path), faults)
    first, second = faults.told()
    assert "[1].form.titel: a form has no attribute 'titel'" in first
    assert "line 2, column" in second
    assert second.endswith("not valid JSON: Expecting ',' delimiter")
