"""What people write reaches a terminal and the log as text that only shows."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from crowdcore.testing import Browserless, Machine

CLIPBOARD = "\x1b]52;c;cm0gLXJmIH4=\x07"
HOSTILE = [
    CLIPBOARD, "\x1b[2J\x1b[H", "\x9b2J", "\x9d0;owned\x9c", "ok\rgood", "x\b\b\b", "\x7f\x00", "a\u2028b\u2029c",
    "\u202egpj.exe", "\u2066x\u2069", "\x85next", "\x0c\x0b",
]  # fmt: skip
KIND = [
    "👩\u200d👩\u200d👧 ok", "می\u200cخواهم", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "नि\u200dष्", "a\tb", "❤\ufe0f",
]  # fmt: skip
FORGED = "\n99:99:99 ERROR crowdcore: forged line"
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f]")
HOOKS = """
from crowdcore import hookimpl


@hookimpl
def on_unit_submitted(event):
    raise ValueError(event.agent.state.get_parsed_data()["text"])
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A task that asks for feedback and tips, and a listener that complains with what was answered."""
    document = {
        "task": {"name": "t", "reward": 1}, "blueprint": {"type": "mock", "num_assignments": 3},
        "architect": {"type": "local", "port": 0}, "hooks": "hooks.py", "gates": {"feedback": True, "tips": True},
    }  # fmt: skip
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(document))
    (tmp_path / "hooks.py").write_text(HOOKS)
    return Machine(tmp_path)


def answer(url: str, name: str, text: str) -> None:
    """Work of `name`, who says `text` in every place there is."""
    page = Browserless(url, worker_id=name).enter()
    for kind in ("feedback", "tip"):
        assert page.call("POST", "/feedback", json={"kind": kind, "text": text}).status_code == 204
    page.submit({"text": text})


def only_shows(text: str) -> None:
    assert ACTING.search(text) is None, ACTING.findall(text)
    assert not any(line.startswith("99:99:99") for line in text.splitlines())


def test_no_command_and_no_line_of_the_log_passes_on_what_acts(machine: Machine) -> None:
    text = "|".join([*HOSTILE, *KIND]) + FORGED
    text = text.replace("\x00", "")  # refused at the door
    with machine.serve("run", "task.yaml") as served:
        answer(served.url, f"eve {CLIPBOARD}\u202e", text)
        served.expect("ValueError(.|\n)*forged line", stream="stderr")
        only_shows(served.stderr)
        only_shows(served.stdout)
    unit, name = "1", machine.exported("t")[0]["worker"]
    assert CLIPBOARD in name, "it is kept as it was"
    commands = [
        ["tips", "t"], ["tips", "t", "--feedback"], ["tips", "t", "--json"], ["review", "list", "t"],
        ["review", "show", unit], ["worker", "grant", name, "q\x1b[2J", "1"], ["worker", "show", name],
        ["worker", "list", "q\x1b[2J"], ["worker", "block", name, "--reason", text], ["worker", "show", name],
        ["worker", "show", name, "--json"], ["worker", "show", f"nobody{CLIPBOARD}"], ["owed", "t"],
        ["review", "reject", unit, "--reason", text], ["review", "list", "t", "--status", "any"],
        ["review", "list", "t", "--status", "any", "--json"], ["export", "t"], ["status", f"t{CLIPBOARD}"],
        ["outbox", "t"], [f"ru{CLIPBOARD}n"], ["db", "check"], ["run", f"x{CLIPBOARD}.yaml"], ["runs"],
        ["invite", "t", name], ["review", "show", CLIPBOARD], ["options", f"blueprint={CLIPBOARD}"],
    ]  # fmt: skip
    for words in commands:
        done = machine.crowd(*words)
        only_shows(done.stdout)
        only_shows(done.stderr)


def test_emoji_joiners_and_tabs_stand_as_they_were_written(machine: Machine) -> None:
    with machine.serve("run", "task.yaml") as served:
        answer(served.url, "mina " + KIND[0], "\n".join(KIND))
    for words in (["review", "show", "1"], ["tips", "t"], ["tips", "t", "--feedback"]):
        shown = machine.crowd(*words).stdout
        assert [text for text in KIND if text not in shown] == []
    assert KIND[0] in machine.crowd("review", "list", "t").stdout


def test_json_only_shows_and_is_read_back_as_it_was(machine: Machine) -> None:
    text = "|".join(HOSTILE).replace("\x00", "")
    with machine.serve("run", "task.yaml") as served:
        answer(served.url, "eve", text)
    exported = machine.crowd("export", "t").stdout
    only_shows(exported)
    assert json.loads(exported)["data"]["text"] == text
    tips = machine.crowd("tips", "t", "--json").stdout
    only_shows(tips)
    assert json.loads(tips)[0]["text"] == text.strip()


def test_a_table_is_exact_for_programs_and_only_shows_at_a_terminal(machine: Machine) -> None:
    with machine.serve("run", "task.yaml") as served:
        answer(served.url, "eve", CLIPBOARD)
    words = [str(Path(sys.executable).with_name("crowd")), "export", "t", "--format", "csv"]
    done = subprocess.run(words, env=machine.environment, capture_output=True, check=True)
    assert next(csv.DictReader(io.StringIO(done.stdout.decode())))["data.text"] == CLIPBOARD
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, env=machine.environment, stdout=theirs) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert process.returncode == 0
    assert b"\\x1b]52" in seen
    only_shows(seen.decode().replace("\r\n", "\n"))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody has it open any more
        return b""
