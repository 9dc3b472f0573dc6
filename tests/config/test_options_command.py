"""`crowd options` prints every option with its type, default, choices, help and whether it is required."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crowdcore.cli.group import crowd
from crowdcore.config import GatesConfig, TaskConfig
from crowdcore.plugins.options import describe


def options(*words: str) -> Result:
    return CliRunner().invoke(crowd, ["options", *words])


def test_every_option_of_a_section_has_its_line_and_its_help():
    output = options("task", "gates").output
    for doc in [*describe(TaskConfig, "task."), *describe(GatesConfig, "gates.")]:
        lines = [line for line in output.splitlines() if line.split(" ")[0] == doc.name]
        assert len(lines) == 1
        assert doc.type in lines[0]
        assert doc.default in lines[0]
        assert lines[0].endswith(doc.help)
        assert doc.help


def test_defaults_are_written_as_in_task_yaml():
    rows = {line.split()[0]: line.split()[1:] for line in options("task").output.splitlines()}
    assert rows["task.assignment_duration"][:2] == ["duration", "30m"]
    assert rows["task.lifetime"][:2] == ["duration", "31d"]
    assert rows["task.reward"][:2] == ["money", "0"]


def test_one_part_of_a_section():
    names = [line.split(" ")[0] for line in options("gates.gold").output.splitlines()[2:]]
    assert names[0] == "gates.gold"
    assert "gates.gold.every" in names
    assert all(name.startswith("gates.gold") for name in names)


@pytest.mark.parametrize(
    ("word", "option"),
    [
        ("blueprint=form", "blueprint.data_json"),
        ("provider=inhouse", "provider.access"),
        ("architect=local", "architect.port"),
    ],
)
def test_the_options_of_a_plugin_stand_beside_those_of_its_kind(word, option):
    (section,) = json.loads(options(word, "--json").output)
    docs = {doc["name"]: doc for doc in section["options"]}
    assert section["name"] == word
    assert option in docs
    kind = word.split("=")[0]
    assert docs[f"{kind}.type"]["required"] is True
    assert {"type", "default", "choices", "help", "required"} <= set(docs[option])


def test_json_and_text_tell_the_same():
    (section,) = json.loads(options("pairing", "--json").output)
    text = options("pairing").output
    for doc in section["options"]:
        assert doc["name"] in text
        assert ", ".join(doc["choices"]) in text
        assert doc["help"] in text


def test_without_a_word_it_lists_what_can_be_asked_for():
    output = options().output
    for word in (
        "task",
        "gates",
        "pairing",
        "admin",
        "blueprint=form",
        "provider=inhouse",
        "architect=local",
        "bot=echo",
    ):
        assert f"  {word} " in output
        assert options(word).exit_code == 0
    index = json.loads(options("--json").output)
    assert "blueprint=form" in index["plugins"]
    assert index["sections"] == ["task", "gates", "pairing", "admin"]


def test_an_unpackaged_plugin_shows_its_options(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\nfrom crowdcore.options import option\n\nclass Mine:\n    '''My task.'''\n"
        "    @dataclass\n    class Options:\n        key: str = option(help='A key', secret=True)\n"
    )
    monkeypatch.chdir(tmp_path)
    output = options("blueprint=./mine.py:Mine").output
    assert output.startswith("blueprint=./mine.py:Mine: My task.\n")
    assert "A key (secret: give it as ${oc.env:NAME})" in output


def test_wrong_words_are_all_told_at_once():
    error = options("tsk", "bluprint=form", "blueprint=fomr", "gates.gild").exception
    assert error.exit_code == 2
    told = error.problems
    assert "'tsk': unknown, did you mean 'task'?" in told[0]
    assert "unknown, did you mean 'blueprint'?" in told[1]
    assert "did you mean 'form'?" in told[2]
    assert "unknown, did you mean 'gates.gold'?" in told[3]


@pytest.mark.parametrize("columns", [60, 100, 200])
def test_on_a_terminal_a_table_wraps_and_cuts_nothing(columns, tmp_path: Path):
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from crowdcore.cli import main; main()", "options", "pairing"],
        stdout=side,
        stderr=side,
        env={**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "xterm"},
    )
    os.close(side)
    output = b""
    try:
        while chunk := os.read(main, 65536):
            output += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    assert process.wait(60) == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", output.decode())
    assert "┏" in text
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= columns
    for name in ("pairing.timeout", "pairing.stand_in[].type", "pairing.disconnect_grace"):
        assert name in text
