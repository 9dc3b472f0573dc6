"""Items come from JSON, JSON lines, or one form with tokens; faults name file and place."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from blueprint_form import FormBlueprint, FormOptions, checked_items
from blueprint_form.cli import form as form_command
from click.testing import CliRunner

from crowdcore import ConfigError


def items_of(task_dir: Path, start: int = 0, **options: Any) -> list[Any]:
    blueprint = FormBlueprint()
    blueprint.options = FormOptions(**options)
    return list(blueprint.blueprint_task_data(SimpleNamespace(task_dir=task_dir), start))  # type: ignore[arg-type]


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def faults_of(task_dir: Path, **options: Any) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        items_of(task_dir, **options)
    return refusal.value.problems


def test_task_data_beside_the_task_is_used(tmp_path: Path, small_form: Any) -> None:
    write(tmp_path / "task_data.json", [{"form": small_form}, {"form": small_form, "metadata": {"n": 1}}])
    assert [item.get("metadata") for item in items_of(tmp_path)] == [None, {"n": 1}]


def test_items_go_on_from_where_a_run_stopped(tmp_path: Path, small_form: Any) -> None:
    lines = [json.dumps({"form": small_form, "metadata": {"n": n}}) for n in range(5)]
    write(tmp_path / "many.jsonl", "\n".join(lines) + "\n\n")
    items = items_of(tmp_path, start=3, data_jsonl=str(tmp_path / "many.jsonl"))
    assert [item["metadata"]["n"] for item in items] == [3, 4]


def test_faults_of_all_items_are_told_with_file_and_path(tmp_path: Path, small_form: Any) -> None:
    write(tmp_path / "task_data.json", [{"form": small_form}, {"frm": 1}, {"form": {}}])
    faults = faults_of(tmp_path)
    assert faults[0].startswith(f"{tmp_path / 'task_data.json'}: [1]: an item must be an object with 'form'")
    assert f"{tmp_path / 'task_data.json'}: [2].form: a form must have 'title'" in faults


def test_more_than_fifty_faults_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "task_data.jsonl", "{}\n" * 75)
    faults = faults_of(tmp_path)
    assert len(faults) == 51
    assert faults[-1] == "… and 25 more"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[{]", "line 1, column 3: not valid JSON"), ("", "not valid JSON"), ("[]", "at least one item"),
        ("{}", "must be a list"),
        ("[NaN]", "NaN is no JSON number"), ("null", "must not be null"), ("[" * 100_000, "not valid JSON"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_a_list_of_items_gets_one_line(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path / "task_data.json", text)
    (fault,) = faults_of(tmp_path)
    assert words in fault


def test_a_file_that_is_not_utf8_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "task_data.json").write_bytes(b"[\xff]")
    assert "is not UTF-8 text" in faults_of(tmp_path)[0]


def test_no_data_and_too_much_data_are_refused(tmp_path: Path) -> None:
    assert "no task data" in faults_of(tmp_path)[0]
    assert "not more" in faults_of(tmp_path, data_json="a", unit_config="b")[0]
    assert "there is no file" in faults_of(tmp_path, data_json=str(tmp_path / "gone.json"))[0]


def test_tokens_fill_the_form_once_per_set(tmp_path: Path, small_form: Any) -> None:
    small_form["title"] = "About {{ animal }} in {{place}}"
    write(tmp_path / "unit_config.json", {"form": small_form})
    write(
        tmp_path / "token_sets_values_config.json", [{"tokens_values": {"place": p}} for p in ("a \\1 {{animal}}", "b")]
    )
    write(tmp_path / "separate_token_values_config.json", {"animal": ["owls", 7]})
    items = items_of(tmp_path)
    assert [item["form"]["title"] for item in items] == [
        "About owls in a \\1 {{animal}}", "About 7 in a \\1 {{animal}}", "About owls in b", "About 7 in b",
    ]  # fmt: skip
    assert items[3]["metadata"] == {"tokens": {"place": "b", "animal": "7"}}


@pytest.mark.parametrize(
    ("title", "sets", "words"),
    [
        ("{{a}}", [], "at least one set"),
        ("{{a}}", [{"tokens_values": {"b": "x"}}], "token 'a' has no value"),
        ("none", [{"tokens_values": {"b": "x"}}], "token 'b', which is used nowhere"),
        ("{{a}}", [{"tokens_values": {"a": "x"}}, {"tokens_values": {"b": "x"}}], "same tokens"),
        ('{{f("x")}}', [{"tokens_values": {"a": "x"}}], "not a call"),
        ("{{a}}", [{"tokens_values": {"a": ["x"]}}], "must be text or a number"),
    ],
)
def test_tokens_without_values_and_values_without_tokens_are_told(
    tmp_path: Path, small_form: Any, title: str, sets: Any, words: str
) -> None:
    write(tmp_path / "unit_config.json", {"form": {**small_form, "title": title}})
    write(tmp_path / "token_sets_values_config.json", sets)
    assert words in "\n".join(faults_of(tmp_path))


def test_a_token_may_not_make_a_name(tmp_path: Path, small_form: Any) -> None:
    small_form["sections"][0]["fieldsets"][0]["rows"][0]["fields"][0]["name"] = "{{a}}"
    write(tmp_path / "unit_config.json", {"form": small_form})
    write(tmp_path / "token_sets_values_config.json", [{"tokens_values": {"a": "x"}}])
    (fault,) = faults_of(tmp_path)
    assert "fields[0].name: {{a}} may not stand here" in fault


def test_insertions_replace_texts_and_cannot_leave_their_folder(tmp_path: Path, small_form: Any) -> None:
    write(tmp_path / "insertions" / "hello.html", "<b>hello</b>")
    write(tmp_path / "task_data.json", [{"form": {**small_form, "instruction": "insertions/hello.html"}}])
    assert items_of(tmp_path)[0]["form"]["instruction"] == "<b>hello</b>"
    write(tmp_path / "task_data.json", [{"form": {**small_form, "instruction": "insertions/../../x.html"}}])
    assert items_of(tmp_path)[0]["form"]["instruction"] == "insertions/../../x.html"
    write(tmp_path / "task_data.json", [{"form": {**small_form, "instruction": "insertions/gone.html"}}])
    assert "there is no file 'gone.html'" in faults_of(tmp_path)[0]


def test_items_from_python_are_checked_as_they_pass(small_form: Any) -> None:
    items = checked_items([small_form, {"form": small_form, "metadata": 1}, {"title": "no"}], start=1)
    assert next(items) == {"form": small_form, "metadata": 1}
    with pytest.raises(ConfigError, match=r"\[2\]\.form: a form must have 'sections'"):
        next(items)


def test_a_general_limit_of_file_size_reaches_fields_without_one(tmp_path: Path, make_form: Any) -> None:
    form = make_form(
        {"name": "a", "label": "A", "type": "file"},
        {"name": "b", "label": "B", "type": "file", "validators": {"maxFileSize": 9}},
    )
    write(tmp_path / "task_data.json", [{"form": form}])
    rows = items_of(tmp_path, max_file_size=5)[0]["form"]["sections"][0]["fieldsets"][0]["rows"]
    assert [row["fields"][0]["validators"]["maxFileSize"] for row in rows] == [5, 9]


def test_expand_writes_the_items_and_says_so(tmp_path: Path, small_form: Any) -> None:
    write(tmp_path / "unit_config.json", {"form": {**small_form, "title": "{{a}}"}})
    write(tmp_path / "separate_token_values_config.json", {"a": ["1", "2"]})
    told = CliRunner().invoke(form_command, ["expand", str(tmp_path)], catch_exceptions=False)
    assert "wrote 2 items" in told.output
    assert [item["form"]["title"] for item in json.loads((tmp_path / "task_data.json").read_text())] == ["1", "2"]
    again = CliRunner().invoke(form_command, ["expand", str(tmp_path)])
    assert "use --force to replace it" in str(again.exception)
    assert CliRunner().invoke(form_command, ["expand", str(tmp_path), "--force"]).exit_code == 0


def test_check_lists_the_faults_of_every_file(tmp_path: Path, small_form: Any) -> None:
    write(tmp_path / "task_data.json", [{"form": {}}])
    write(tmp_path / "unit_config.json", {"form": {**small_form, "title": "{{a}}"}})
    refusal = CliRunner().invoke(form_command, ["check", str(tmp_path)]).exception
    assert isinstance(refusal, ConfigError)
    assert {line.split(": ")[0] for line in refusal.problems} == {
        str(tmp_path / "task_data.json"),
        str(tmp_path / "unit_config.json"),
    }
    assert refusal.exit_code == 2
    write(tmp_path / "task_data.json", [{"form": small_form}])
    (tmp_path / "unit_config.json").unlink()
    assert "1 item, no fault" in CliRunner().invoke(form_command, ["check", str(tmp_path)]).output


EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("name", ["form", "form_tokens"])
def test_the_examples_have_no_fault(name: str) -> None:
    assert (
        "no fault" in CliRunner().invoke(form_command, ["check", str(EXAMPLES / name)], catch_exceptions=False).output
    )


def test_the_examples_task_data_is_what_expand_makes(tmp_path: Path) -> None:
    made = tmp_path / "made.json"
    CliRunner().invoke(form_command, ["expand", str(EXAMPLES / "form"), "-o", str(made)], catch_exceptions=False)
    assert made.read_text(encoding="utf-8") == (EXAMPLES / "form" / "task_data.json").read_text(encoding="utf-8")
