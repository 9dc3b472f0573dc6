"""The hooks of the blueprint: page, state, simulated answers, review."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from blueprint_form import FormBlueprint, FormOptions, FormState, validate
from blueprint_form.simulate import simulated_answer

from crowdcore import ConfigError
from crowdcore.plugins.checks import implementations

EXAMPLE = Path(__file__).parents[3] / "examples" / "form"


@pytest.fixture
def example() -> Any:
    return json.loads((EXAMPLE / "task_data.json").read_text(encoding="utf-8"))[0]


@pytest.fixture
def blueprint() -> FormBlueprint:
    made = FormBlueprint()
    made.options = FormOptions()
    return made


def run_in(folder: Path) -> Any:
    return SimpleNamespace(task_dir=folder)


def agent_with(state: FormState, number: int = 1) -> Any:
    return SimpleNamespace(id=number, state=state)


def state_of(form: Any) -> FormState:
    state = FormState()
    state.set_init_state({"form": form, "metadata": {"gold": "secret"}})
    return state


def stored(uploads: dict[str, tuple[str, bytes]]) -> list[dict[str, Any]]:
    return [
        {"field": field, "file": f"id-{field}", "name": name, "size": len(content),
         "sha256": hashlib.sha256(content).hexdigest(), "type": "text/plain"}
        for field, (name, content) in uploads.items()
    ]  # fmt: skip


def test_the_core_knows_every_hook(blueprint: FormBlueprint) -> None:
    found = implementations(blueprint, "blueprint 'form'")
    assert {"blueprint_task_data", "blueprint_gate_data", "blueprint_validate"} <= set(found)


def test_the_page_and_the_authors_code_are_built(blueprint: FormBlueprint, tmp_path: Path) -> None:
    blueprint.blueprint_build(run_in(EXAMPLE), tmp_path)
    for name in ("index.html", "form.js", "form_rules.js", "form.css"):
        assert (tmp_path / name).is_file()
    assert "noShouting" in (tmp_path / "insertions" / "custom_validators.js").read_text()
    assert not list((tmp_path / "insertions").glob("*.html"))


def test_a_task_without_own_code_gets_empty_modules(blueprint: FormBlueprint, tmp_path: Path) -> None:
    blueprint.blueprint_build(run_in(tmp_path), tmp_path / "build")
    assert "export {}" in (tmp_path / "build" / "insertions" / "custom_triggers.js").read_text()


def test_the_page_has_no_inline_script_or_style(blueprint: FormBlueprint, tmp_path: Path) -> None:
    blueprint.blueprint_build(run_in(tmp_path), tmp_path / "build")
    page = (tmp_path / "build" / "index.html").read_text()
    assert "<style" not in page
    assert "style=" not in page
    assert page.count("<script") == page.count('<script type="module" src=')


def test_the_page_gets_safe_html_and_no_metadata(make_form: Any) -> None:
    bad = '<b class="x" onclick="x()" style="y">hi</b><script>alert(1)</script>'
    bad += '<a href="javascript:x">l</a><img src=x onerror=y>'
    form = make_form({"name": "a", "label": bad, "help": bad, "type": "input", "placeholder": "a < b", "value": "<i>"})
    form["title"] = form["instruction"] = bad
    init = state_of(form).get_init_state()
    text = json.dumps(init)
    for word in ("onclick", "style=", "script", "onerror", "javascript:", "secret"):
        assert word not in text
    assert init["form"]["title"].startswith('<b class=\\"x\\">hi</b>'.replace("\\", ""))
    field = init["form"]["sections"][0]["fieldsets"][0]["rows"][0]["fields"][0]
    assert (field["placeholder"], field["value"]) == ("a < b", "<i>")


def test_a_simulated_worker_fills_the_example_validly_and_the_same_each_time(
    blueprint: FormBlueprint, example: Any
) -> None:
    seen = set()
    for number in range(40):
        agent = agent_with(state_of(example["form"]), number)
        answer = blueprint.blueprint_simulate(run_in(EXAMPLE), agent)
        assert answer == blueprint.blueprint_simulate(run_in(EXAMPLE), agent)
        files = {each["field"]: each for each in stored(answer["files"])}
        data = {**answer["data"], **{field: each["file"] for field, each in files.items()}}
        assert blueprint.blueprint_validate(run_in(EXAMPLE), agent, data, files) is None
        seen.add(json.dumps(answer["data"], sort_keys=True))
    assert len(seen) == 40


@pytest.mark.parametrize(
    "pattern",
    ["^[a-z]{3}-\\d{2}$", ["^(yes|no)\\.$", "i"], "^(a)\\1$", "^(?=.*\\d)\\w{4,6}$", ["^\\p{Lu}+$", "u"], "^[^a-z]+$"],
)
def test_a_simulated_worker_finds_text_for_a_pattern(make_form: Any, pattern: Any) -> None:
    form = make_form({"name": "a", "label": "A", "type": "input", "validators": {"required": True, "regexp": pattern}})
    data, _ = simulated_answer(form, 7)
    assert validate(form, data, {}) == {}


def test_a_form_that_nothing_fits_is_told(make_form: Any) -> None:
    form = make_form(
        {"name": "a", "label": "A", "type": "input", "validators": {"required": True, "regexp": "^a$", "minLength": 5}}
    )
    with pytest.raises(ConfigError, match="override blueprint_simulate"):
        simulated_answer(form, 1)


def test_numbers_are_exported_as_numbers_and_files_with_their_hash(make_form: Any) -> None:
    form = make_form(
        {"name": "n", "label": "N", "type": "number"}, {"name": "x", "label": "X", "type": "range"},
        {"name": "f", "label": "F", "type": "file"}, {"name": "g", "label": "G", "type": "file"},
        {"name": "m", "label": "M", "type": "number"}, {"name": "away", "label": "Away", "type": "input"},
    )  # fmt: skip
    state = state_of(form)
    assert state.get_parsed_data() is None
    files = stored({"f": ("../a.txt", b"hi")})
    state.update_submit({"x": "2.50", "n": "-9007199254740993", "f": "id-f", "g": "", "m": ""}, files)
    again = FormState.load_data(state.save_data())
    assert again.get_parsed_data() == {
        "n": -9007199254740993, "x": 2.5, "f": {"name": "../a.txt", "size": 2, "sha256": files[0]["sha256"]},
        "g": None, "m": None,
    }  # fmt: skip


def test_review_shows_labels_and_escapes_answers(blueprint: FormBlueprint, make_form: Any) -> None:
    options = [{"label": "One <i>way</i>", "value": "1"}, {"label": "Two", "value": "2"}]
    form = make_form(
        {"name": "a", "label": "<b>Text</b>", "type": "input"},
        {"name": "c", "label": "Ways", "type": "checkbox", "options": options},
        {"name": "r", "label": "Order", "type": "ranking", "options": options},
    )
    state = state_of(form)
    agent = agent_with(state)
    assert blueprint.blueprint_render(run_in(EXAMPLE), agent, "text") == "nothing submitted"
    state.update_submit({"a": "<script>", "c": {"1": True, "2": False}, "r": ["2", "1"]}, [])
    assert blueprint.blueprint_render(run_in(EXAMPLE), agent, "text").splitlines() == [
        "Text: <script>", "Ways: One way", "Order: 1. Two; 2. One way",
    ]  # fmt: skip
    html = blueprint.blueprint_render(run_in(EXAMPLE), agent, "html")
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


def test_hand_made_answers_never_raise(blueprint: FormBlueprint, example: Any) -> None:
    agent = agent_with(state_of(example["form"]))
    deep: Any = {}
    for _ in range(60):
        deep = {"name_first": deep}
    for data in (
        None,
        3,
        "x",
        [],
        deep,
        {"__proto__": {"x": 1}},
        {"motto": "x" * 10_000_000},
        {"avatar": "no-such-file"},
    ):
        assert blueprint.blueprint_validate(run_in(EXAMPLE), agent, data, {})
