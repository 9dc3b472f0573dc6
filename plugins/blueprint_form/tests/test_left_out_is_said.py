"""What pages do not show of an author's HTML is said by `crowd form check` and at launch: what, why, what instead."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from blueprint_form import FormState, checked_items
from blueprint_form.cli import form as form_command
from click.testing import CliRunner

from crowdcore.testing import serve

CASES = [
    ("<script>go()</script>", "<script> is left out: texts run no code"),
    ("<style>p {color: red}</style>", "<style> is left out: the page has its own styles"),
    ('<iframe src="https://a.example"></iframe>', "<iframe> is left out: nothing is framed in a form; link to it"),
    ('<p style="color: red">x</p>', "the attribute 'style' of <p> is left out"),
    ('<p onclick="go()">x</p>', "the attribute 'onclick' of <p> is left out: texts run no code"),
    ('<p id="x">x</p>', "the attribute 'id' of <p> is left out: ids are given to sections"),
    ('<p data-x="1">x</p>', "the attribute 'data-x' of <p> is left out"),
    ('<a href="https://a.example" target="_top">x</a>', 'target="_top" is left out'),
    ('<a href="javascript:go()">x</a>', "the address 'javascript:go()' is left out: only http, https and mailto"),
    ('<img src="https://a.example/x.png">', "'https://a.example/x.png' is not loaded: pages load media from the task"),
    ('<img src="//a.example/x.png">', "'//a.example/x.png' is not loaded"),
    ('<img src="data:image/png;base64,x">', "is not loaded: pages load media from the task's own server only; put the"),
    ('<video src="https://a.example/x.mp4"></video>', "'https://a.example/x.mp4' is not loaded"),
    ('<img src="pictures/x.png">', "'pictures/x.png' is no file of the task: put the file into insertions/"),
    ('<img src="insertions/no.png">', "there is no file 'no.png' in "),
    ('<img src="insertions/what?.png">', "write ? as %3F, # as %23 and % as %25"),
    ("<input name=x>", "<input> is left out: what people fill in must be a field of the form"),
    ("<svg></svg>", '<svg> is left out: drawings come as files; write <img src="insertions/NAME.svg">'),
    ("<marquee>x</marquee>", "'<marquee>' is left out, as an element that pages do not have"),
    ("if (x<y) go", "'<y) go' begins a tag that does not end: what follows is left out; write &lt; for the sign <"),
    ("a <y and z> b", "'<y and z>' is left out, as an element that pages do not have; write &lt; for the sign <"),
]


def told(folder: Path) -> list[str]:
    result = CliRunner().invoke(form_command, ["check", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0
    return [line for line in result.stderr.splitlines() if line.startswith("warning: ")]


@pytest.mark.parametrize(("text", "words"), CASES)
def test_check_says_what_is_left_out(tmp_path: Path, small_form: Any, text: str, words: str) -> None:
    (tmp_path / "insertions").mkdir()
    (tmp_path / "insertions" / "what?.png").write_bytes(b"x")
    (tmp_path / "task_data.json").write_text(json.dumps([{"form": {**small_form, "instruction": text}}] * 3))
    (line,) = told(tmp_path)
    assert line.startswith(f"warning: {tmp_path / 'task_data.json'}: [0].form.instruction: ")
    assert words in line
    assert line.endswith(" (and 2 more of these)")


def test_a_launch_says_it_too(tmp_path: Path, small_form: Any, caplog: pytest.LogCaptureFixture) -> None:
    texts = [text for text, _ in CASES]
    lines = [json.dumps({"form": {**small_form, "instruction": text}}) for text in texts]
    (tmp_path / "task_data.jsonl").write_text("\n".join(lines))
    config = {"task": {"name": "t"}, "blueprint": {"type": "form"}, "architect": {"type": "local", "port": 0}}
    (tmp_path / "task.yaml").write_text(json.dumps(config))
    with caplog.at_level(logging.WARNING), serve(tmp_path / "task.yaml", data_dir=tmp_path / "data"):
        pass
    said = [record.getMessage() for record in caplog.records if "task_data.jsonl" in record.getMessage()]
    for number in range(1, len(texts) + 1):
        assert any(f": line {number}.form.instruction: " in each for each in said), number


@pytest.mark.parametrize(
    "text",
    [
        "<p>1 &lt; 2 & 3 > 2</p><!-- <script> --><img src='insertions/a%20b.png' alt='x' width=10><br/>",
        '<a href="https://a.example/?x=1&y=2" target="_blank" title="<b>">x</a> <a href="mailto:a@b.example">y</a>',
        "<table class=x><tr><td colspan=2>1 < 2, a<3</td></tr></table>",
        '<audio controls src="insertions/a b.png"></audio>',
    ],
)
def test_what_is_shown_is_not_spoken_of(tmp_path: Path, small_form: Any, text: str) -> None:
    (tmp_path / "insertions").mkdir()
    (tmp_path / "insertions" / "a b.png").write_bytes(b"x")
    (tmp_path / "task_data.json").write_text(json.dumps([{"form": {**small_form, "instruction": text}}]))
    assert told(tmp_path) == []


def test_a_link_may_open_a_tab_of_its_own(small_form: Any) -> None:
    state = FormState()
    link = '<a href="https://a.example" target="_blank">x</a>'
    state.set_init_state({"form": {**small_form, "instruction": link}})
    assert 'target="_blank"' in state.get_init_state()["form"]["instruction"]


def test_templates_insertions_and_values_of_tokens_are_looked_at(tmp_path: Path, small_form: Any) -> None:
    (tmp_path / "insertions").mkdir()
    (tmp_path / "insertions" / "n.html").write_text("<object data=x></object>")
    form = {**small_form, "title": "<font>{{a}}</font>", "instruction": '<img src="insertions/{{b}}">{{c}}'}
    (tmp_path / "unit_config.json").write_text(json.dumps({"form": form}))
    sets = [{"tokens_values": {"a": "so <b>big</b>", "b": "gone.png", "c": "insertions/n.html"}}]
    (tmp_path / "token_sets_values_config.json").write_text(json.dumps(sets))
    lines = "\n".join(told(tmp_path))
    for words in (
        "form.title: '<font>' is left out", "token 'a' has '<b>' in a value: people read it as it stands",
        "there is no file 'gone.png'", "<object> is left out: nothing is framed in a form",
    ):  # fmt: skip
        assert words in lines


def test_items_from_python_are_looked_at_once_for_each_kind(
    small_form: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        list(checked_items([{**small_form, "instruction": "<script>x</script>"}] * 3, tmp_path))
    assert [record.getMessage() for record in caplog.records] == [
        "blueprint_task_data: [0].form.instruction: <script> is left out: texts run no code; write a function in "
        "insertions/custom_triggers.js"
    ]
