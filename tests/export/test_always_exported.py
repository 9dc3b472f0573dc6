"""`crowd export` gives what is stored, whatever became of plugins, of the task's code and of strangers' names."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crowdcore.cli.group import crowd
from crowdcore.export import files as tables
from crowdcore.testing import Browserless, ManualClock, serve, until
from crowdcore.testing.process import Machine

HOOKS = """
import os
from dataclasses import dataclass
from crowdcore import AgentState, hookimpl

@dataclass
class State(AgentState):
    clicks: int = 7

    def get_parsed_data(self):
        text = self.data["text"]
        if "UPGRADED" not in os.environ: return text
        if text == "raises": raise RuntimeError("no such label")
        if text == "exits": raise SystemExit(3)
        if text == "no json": return {1, 2}
        if text == "no text": return "\\ud800"
        return {"parsed": text}

@hookimpl
def agent_state():
    return State
"""
TEXTS = ("fine", "raises", "exits", "no json", "no text", "fine too")


def exported(*words: str) -> list[dict[str, Any]]:
    """The rows of `crowd export t`, which succeeds."""
    done = CliRunner().invoke(crowd, ["export", "t", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def task(tmp_path: Path) -> dict[str, Any]:
    """The task `t`: four units and more."""
    return {
        "task": {"name": "t", "assignment_duration": 60}, "blueprint": {"type": "mock", "num_assignments": 70},
        "provider": {"type": "inhouse"},
    }  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path, task: dict[str, Any]) -> Machine:
    """A machine with an answer for each of TEXTS in a task with code of its own."""
    (tmp_path / "hooks.py").write_text(HOOKS)
    task |= {"hooks": "hooks.py", "architect": {"type": "local", "port": 0}}
    (tmp_path / "task.yaml").write_text(json.dumps(task))
    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml") as served:
        for text in TEXTS:
            assert Browserless(served.url, worker_id=text).enter().submit({"text": text}).is_success
    machine.environment["UPGRADED"] = "yes"
    return machine


def test_answers_that_the_tasks_code_cannot_read_are_there_as_they_were_sent(machine: Machine) -> None:
    done = machine.crowd("export", "t")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("warning: run t-1: agent 2 (perhaps others too) is exported as it is stored")
    assert done.stderr.count("\n") == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["worker"] for row in rows] == list(TEXTS)
    for row in rows:
        text = row["worker"]
        if text.startswith("fine"):
            assert (row["data"], row["unparsed"]) == ({"parsed": text}, None)
        else:
            assert row["data"] == {"text": text}
            assert (row["unparsed"]["state"]["clicks"], bool(row["unparsed"]["why"])) == (7, True)
    cells = machine.crowd("export", "t", "--format", "csv")
    assert cells.returncode == 0, cells.stderr
    found = list(csv.DictReader(io.StringIO(cells.stdout)))
    assert [row["data.text"] or row["data.parsed"] for row in found] == list(TEXTS)


@pytest.mark.parametrize("gone", ["architect", "provider", "blueprint", "extension", "bot", "sources", "hooks.py"])
def test_a_plugin_that_is_gone_takes_no_answer_along(machine: Machine, gone: str) -> None:
    with closing(sqlite3.connect(machine.data_dir / "crowd.db")) as db, db:
        [(text,)] = db.execute("SELECT config FROM run").fetchall()
        document = json.loads(text)
        config = document["config"]
        if gone == "extension":
            config["extensions"] = ["not_installed"]
        elif gone == "bot":
            config["pairing"] |= {"on_timeout": "stand_in", "stand_in": [{"type": "not_installed"}]}
        elif gone in config:
            config[gone] = {"type": "not_installed", "secret_option": "x"}
            document["references"] = [[[gone, "secret_option"], None]]
        db.execute("UPDATE run SET config = ?", [json.dumps(document)])
    if gone == "sources":
        (machine.data_dir / "runs" / "t-1" / "sources").rename(machine.folder / "elsewhere")
        (machine.folder / "hooks.py").unlink()
    elif gone == "hooks.py":
        for path in (machine.data_dir / "runs" / "t-1" / "sources").rglob("hooks.py"):
            path.write_text("import not_installed")
    done = machine.crowd("export", "t")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["worker"] for row in rows] == list(TEXTS)
    assert done.stderr.startswith("warning: run t-1: its answers are ")
    if gone in ("architect", "provider", "extension", "bot"):  # the state is the blueprint's and the task's matter
        assert rows[0]["data"] == {"parsed": "fine"}
    else:
        assert [row["data"] for row in rows] == [{"text": text} for text in TEXTS]
        assert all(row["unparsed"]["why"] for row in rows)


def test_runs_without_answers_are_not_opened(machine: Machine) -> None:
    with machine.serve("run", "task.yaml"):
        pass
    for path in (machine.data_dir / "runs" / "t-2" / "sources").rglob("hooks.py"):
        path.write_text("raise SystemExit('opened')")
    done = machine.crowd("export", "t")
    assert (done.returncode, "t-2" in done.stderr) == (0, False)


STRANGE = ("x" * 251 + ".pdf", "é" * 125 + ".txt", "same.txt", "same.txt", "SAME.TXT", ".hidden", "a.b" + "c" * 240)


def test_every_upload_is_copied_whatever_its_name(task: dict[str, Any], tmp_path: Path) -> None:
    bodies = {n: f"body {n}".encode() for n in range(len(STRANGE) + 2)}
    with serve(task, data_dir=tmp_path / "data") as run:
        page = Browserless(run.url, worker_id="x").enter()
        files = [("cv" if n else "ü" * 200, (name, bodies[n])) for n, name in enumerate(STRANGE)]
        # A field and a name may be put together to what another field and name are.
        files += [("a-b", ("c", bodies[len(STRANGE)])), ("a", ("b-c", bodies[len(STRANGE) + 1]))]
        assert page.submit({}, files=files).is_success
    out = tmp_path / "out"
    for _ in range(2):
        exported("--files", str(out))
        assert sorted(path.read_bytes() for path in out.iterdir()) == sorted(bodies.values())
    assert {path.name for path in out.iterdir()} >= {"1-cv-same.txt", "1-cv-same-2.txt", "1-a-b-c", "1-a-b-c-2"}


def test_what_stands_in_the_folder_is_not_written_through(task: dict[str, Any], tmp_path: Path) -> None:
    with serve(task, data_dir=tmp_path / "data") as run:
        page = Browserless(run.url, worker_id="x").enter()
        assert page.submit(
            {}, files=[("f", ("a.txt", b"a")), ("f", ("b.txt", b"b")), ("f", ("c.txt", b"c"))]
        ).is_success
    out, mine = tmp_path / "out", tmp_path / "mine"
    out.mkdir()
    mine.write_text("mine")
    (out / "1-f-a.txt").symlink_to(mine)
    os.mkfifo(out / "1-f-b.txt")
    (out / "1-f-c.txt").write_text("of an export before")
    exported("--files", str(out))
    assert mine.read_text() == "mine"
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file() and not path.is_symlink()} == {
        "1-f-a-2.txt": b"a", "1-f-b-2.txt": b"b", "1-f-c.txt": b"c",
    }  # fmt: skip


def test_an_upload_whose_bytes_are_gone_is_named_and_the_others_are_copied(
    task: dict[str, Any], tmp_path: Path
) -> None:
    with serve(task, data_dir=tmp_path / "data") as run:
        page = Browserless(run.url, worker_id="x").enter()
        assert page.submit({}, files=[("f", ("a.txt", b"a")), ("f", ("b.txt", b"b"))]).is_success
    [row] = exported()
    (tmp_path / "data" / row["files"][0]["path"]).unlink()
    done = CliRunner().invoke(crowd, ["export", "t", "--files", str(tmp_path / "out")], standalone_mode=False)
    assert (done.exception, done.return_value) == (None, 1)
    assert json.loads(done.stdout)["agent"] == row["agent"]
    assert "so there is no 1-f-a.txt" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1-f-b.txt"]


@pytest.mark.parametrize("words", [("--all",), ("--all", "--format", "csv")])
def test_memory_does_not_grow_with_what_strangers_sent(
    task: dict[str, Any], tmp_path: Path, words: tuple[str, ...]
) -> None:
    size, count = 1_000_000, 60
    clock = ManualClock()
    with serve(task, data_dir=tmp_path / "data", clock=clock) as run:
        for n in range(count):
            page = Browserless(run.url, worker_id=f"w{n}").enter()
            text = {"text": "x" * size}
            reply = page.call("PUT", "/draft", json=text) if n % 2 else page.submit(text)
            assert reply.is_success
    tracemalloc.start()
    done = CliRunner().invoke(crowd, ["export", "t", *words, "-o", str(tmp_path / "out"), "--format", "csv"])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out").stat().st_size > size * count
    assert most < size * count / 2


def test_a_stranger_who_names_ever_more_fields_does_not_make_ever_more_columns(
    task: dict[str, Any], tmp_path: Path
) -> None:
    sent = [
        {"text": "a"}, {f"own{n}": n for n in range(tables.WIDEST + 1)}, {"text": "b"},
        *({f"{who}{n}": n for n in range(tables.WIDEST)} for who in "xyz"), {"text": "c", "last": "d"},
    ]  # fmt: skip
    with serve(task, data_dir=tmp_path / "data") as run:
        for n, data in enumerate(sent):
            assert Browserless(run.url, worker_id=f"w{n}").enter().submit(data).is_success
    assert [row["data"] for row in exported()] == sent
    done = CliRunner().invoke(crowd, ["export", "t", "--format", "csv"], catch_exceptions=False)
    csv.field_size_limit(10_000_000)
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert len(rows[0]) < tables.WIDTH + 100
    for data, row in zip(sent, rows, strict=True):
        together = json.loads(row["data"] or "{}")
        alone = {name.removeprefix("data."): cell for name, cell in row.items() if name.startswith("data.") and cell}
        assert {name: str(value) for name, value in {**alone, **together}.items()} == {
            k: str(v) for k, v in data.items()
        }
    assert [row["data.text"] for row in rows] == ["a", "", "b", "", "", "", "c"]


def test_what_came_too_late_and_what_was_never_sent_can_be_had(task: dict[str, Any], tmp_path: Path) -> None:
    clock = ManualClock()
    task["blueprint"]["num_assignments"] = 1
    with serve(task, data_dir=tmp_path / "data", clock=clock) as run:
        slow = Browserless(run.url, worker_id="slow").enter()
        assert slow.call("PUT", "/draft", json={"text": "half"}).is_success
        assert slow.call("POST", "/files/cv", files=[("file", ("cv.txt", b"uploaded before"))]).is_success
        clock.advance(61)
        until(lambda: run.counters.agents["ended"] == 1)
        [kept] = exported("--all")
        assert (kept["status"], kept["reason"], kept["data"]) == ("ended", "timed_out", None)
        assert (kept["draft"], kept["late"]) == ({"text": "half"}, None)
        quick = Browserless(run.url, worker_id="quick").enter()
        told = slow.submit({"text": "whole"}, files=[("late", ("late.txt", b"came late"))])
        assert (told.status_code, "is kept" in told.json()["detail"]) == (409, True)
        slow.submit({"text": "again"}, files=[("late", ("again.txt", b"again"))])
        quick.submit({"text": "quick"})
    assert [row["worker"] for row in exported()] == ["quick"]
    said = CliRunner().invoke(crowd, ["export", "t"]).stderr
    assert said == (
        "warning: 1 submissions came when somebody else had the work, and count for nothing: --all has them\n"
    )
    late, _ = exported("--all", "--files", str(tmp_path / "out"))
    assert (late["worker"], late["data"], late["draft"]) == ("slow", None, {"text": "half"})
    assert late["late"]["data"]["text"] == "whole"
    assert {path.read_bytes() for path in (tmp_path / "out").iterdir()} == {b"uploaded before", b"came late"}
    db_check = CliRunner().invoke(crowd, ["db", "check"], standalone_mode=False)
    assert (db_check.return_value, "no faults" in db_check.stdout) == (0, True), db_check.stdout


def test_nobody_is_told_that_something_is_kept_which_is_not(task: dict[str, Any], tmp_path: Path) -> None:
    with serve(task, data_dir=tmp_path / "data") as run:
        page = Browserless(run.url, worker_id="x").enter()
        page.call("POST", "/return")
        told = page.submit({"text": "after all"})
    assert (told.status_code, "kept" in told.json()["detail"]) == (409, False)
