"""What bad input gets: plain lines that say what, where and what to do, no stack trace, exit 2."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from crowdcore.store import open_database
from crowdcore.testing.patience import PATIENCE

CROWD = Path(sys.executable).with_name("crowd")
GOOD = "task: {name: good}\nblueprint: {type: mock}\narchitect: {port: 0}\n"


def crowd(folder: Path, *words: str, **environment: str) -> list[str]:
    """The error lines of a crowd command that fails with exit code 2 and writes nothing else."""
    done = subprocess.run(
        [CROWD, *words], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr.replace(str(folder), ".").splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A task's folder with a good task.yaml."""
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "task.yaml").write_text(GOOD)
    return folder


def test_yaml_broken_at_a_line(folder: Path) -> None:
    (folder / "task.yaml").write_text("task: {name: x\nblueprint: [\n")
    assert crowd(folder, "run", "task.yaml") == [
        "error: task.yaml:2:10: not valid YAML: did not find expected ',' or '}'"
    ]


def test_every_wrong_key_and_value_at_once(folder: Path) -> None:
    (folder / "task.yaml").write_text(
        "task:\n  rewrd: 1\n  reward: lots\nblueprint: {type: form, data_json: gone.json}\nprovider: {type: inhous}\n"
    )
    lines = crowd(folder, "run", ".")
    assert [line.split(": ", 2)[:2] for line in lines] == [["error", f"task.yaml:{n}"] for n in (2, 3, 4, 5)]
    assert "did you mean 'reward'?" in lines[0]
    assert "expected an amount of money such as 0.30, got 'lots'" in lines[1]
    assert "no such file: ./gone.json" in lines[2]
    assert "did you mean 'inhouse'?" in lines[3]


def test_every_fault_of_a_form_with_its_path(folder: Path) -> None:
    fields = [
        {"type": "inptu", "name": "a", "label": "A"},
        {"type": "input", "name": "a", "label": "B", "validators": {"regexp": "("}},
    ]
    form = {"title": "T", "sections": [{"title": "S", "fieldsets": [{"rows": [{"fields": fields}]}]}]}
    (folder / "data.json").write_text(json.dumps([{"form": form}]))
    (folder / "task.yaml").write_text("task: {name: f}\nblueprint: {type: form, data_json: data.json}\n")
    lines = crowd(folder, "run", ".")
    at = "error: ./data.json: [0].form.sections[0].fieldsets[0].rows[0].fields"
    assert sorted(lines) == sorted([
        "error: ./data.json: [0].form: a form must have 'submit_button'",
        f"{at}[0].type: unknown field type 'inptu' (did you mean 'input'?)",
        f"{at}[1].name: the name 'a' is used twice; first at "
        "[0].form.sections[0].fieldsets[0].rows[0].fields[0].name",
        f"{at}[1].validators.regexp: the pattern '(' cannot be used: a ( is never closed",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", "hooks.py:1: invalid syntax: def f(:"),
        ("import nothing_of_this_name\n", "hooks.py:1: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        (
            "from crowdcore import hookimpl\n@hookimpl\ndef on_unit_submited(run): pass\n",
            "hooks.py: unknown hook 'on_unit_submited'; did you mean 'on_unit_submitted'?",
        ),
        (
            "from crowdcore import hookimpl\n@hookimpl\ndef on_unit_submitted(run, unit): pass\n",
            "hooks.py: hook on_unit_submitted has no argument 'unit'; it offers run, event",
        ),
    ],
)
def test_a_wrong_hooks_file(folder: Path, text: str, message: str) -> None:
    (folder / "hooks.py").write_text(text)
    assert crowd(folder, "run", ".") == [f"error: {message}"]


def test_no_write_access_to_the_data_directory(folder: Path) -> None:
    (folder / "file").write_text("")
    (line,) = crowd(folder, "run", ".", CROWD_DATA_DIR=str(folder / "file" / "data"))
    assert line.startswith("error: ./file/data: cannot make the data directory")


def test_a_database_of_a_newer_version(folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    with sqlite3.connect(data / "crowd.db") as newer:
        newer.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        newer.execute("INSERT INTO meta VALUES ('schema', '9999')")
    newer.close()
    (line,) = crowd(folder, "runs", CROWD_DATA_DIR=str(data))
    assert line.startswith("error: ./data/crowd.db was made by a newer crowdcore (schema 9999)")


def test_a_database_that_does_not_exist(folder: Path) -> None:
    data = str(folder / "data")
    (line,) = crowd(folder, "runs", CROWD_DATA_DIR=data)
    assert line == "error: no database at ./data/crowd.db: `crowd run TASK` makes one"


def test_a_run_that_does_not_exist(folder: Path) -> None:
    open_database(None, folder / "data").close()
    (line,) = crowd(folder, "status", "pets-1", CROWD_DATA_DIR=str(folder / "data"))
    assert line == "error: no run named 'pets-1'; `crowd runs` lists all of them"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rnu"], "no such command 'rnu'; did you mean 'run'?"),
        (["run", "nowhere.yaml"], "nowhere.yaml: there is no such file; give a task.yaml or a folder that has one"),
        (["run", ".", "port"], "command line: 'port' is not KEY=VALUE"),
        (
            ["run", ".", "architect.prot=1"],
            "architect.prot: architect 'local' option 'prot': unknown, did you mean 'port'?",
        ),
        (["run", ".", "provider=nope"], "no provider named 'nope'"),
        (["--db", "mysql://x", "runs"], "mysql: not a database that crowdcore knows"),
    ],
)
def test_wrong_words_on_the_command_line(folder: Path, words: list[str], expected: str) -> None:
    assert any(expected in line for line in crowd(folder, *words))


def test_a_taken_port_names_a_free_one(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (line,) = crowd(folder, "run", ".", f"architect.port={port}")
    assert line.startswith(f"error: port {port} is taken; ")
    assert "is free: architect.port=" in line


def test_task_data_without_items(folder: Path) -> None:
    (folder / "hooks.py").write_text(
        "from crowdcore import hookimpl\n@hookimpl\ndef blueprint_task_data(run, start):\n    return []\n"
    )
    assert crowd(folder, "run", ".") == ["error: blueprint 'mock': the task data has no items; add at least one"]
