"""`crowd resume --reload` takes files and data as they are now, through a launch's checks, and says what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.testing import Browserless, Machine

pytestmark = pytest.mark.processes

TASK = """
task: {name: demo, reward: 1}
blueprint: {type: static, data_csv: data.csv, task_source: page.html}
architect: {type: local, port: 0}
hooks: hooks.py
"""
PAGE = "<p>What is ${word}?</p><input name=answer required>"
DATA = "word\nants\nbees\ncats\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """The run demo-1 of three rows: somebody has done the first, and the process was killed."""
    for name, text in (("task.yaml", TASK), ("page.html", PAGE), ("data.csv", DATA), ("hooks.py", "")):
        (tmp_path / name).write_text(text)
    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml") as served:
        Browserless(served.url, worker_id="first").enter().submit({"answer": "an insect"})
    return machine


def shown(url: str, count: int) -> list[str]:
    """The words that people are asked for, one person after the other; each answers."""
    found = []
    for number in range(count):
        page = Browserless(url, worker_id=f"later-{number}").enter()
        found.append(page.document["init"]["html"])
        page.submit({"answer": "?"})
    return found


def test_changed_and_added_rows_are_offered_and_what_was_done_stays(machine: Machine) -> None:
    (machine.folder / "data.csv").write_text("word\nANTS\nbees\nCATS\ndogs\n")
    (machine.folder / "page.html").write_text("<p>Tell of ${word}</p><input name=answer required>")
    with machine.serve("resume", "--reload") as served:
        pages = shown(served.url, 3)
        assert "demo-1: files and data as they are now: 1 item has changed, there are new ones" in served.stderr
        assert "people work on changed items or have done them (0): these stay as they were" in served.stderr
    assert [page.split("</p>")[0].partition("Tell of ")[2] for page in pages] == ["bees", "CATS", "dogs"]
    assert [row["item"]["word"] for row in machine.exported("demo")] == ["ants", "bees", "CATS", "dogs"]


def test_a_plain_resume_goes_on_with_what_was_reloaded(machine: Machine) -> None:
    (machine.folder / "data.csv").write_text("word\nants\nbees\nCATS\ndogs\n")
    with machine.serve("resume", "--reload") as served:
        served.kill()
    for name in ("data.csv", "page.html"):
        (machine.folder / name).unlink()
    with machine.serve("resume") as served:
        assert ["CATS" in page for page in shown(served.url, 3)] == [False, True, False]


def test_rows_that_are_gone_stay(machine: Machine) -> None:
    (machine.folder / "data.csv").write_text("word\nants\nbees\n")
    with machine.serve("resume", "--reload") as served:
        assert len(shown(served.url, 2)) == 2
        assert "demo-1: 1 launched items are no longer in the data: they stay as they were" in served.stderr


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("page.html", "<p>${wort}</p><input name=answer>", "${wort} is no column of the data"),
        ("data.csv", "word\nants\nbees,wasps\n", "data.csv:3: 2 values for 1 columns"),
        (
            "hooks.py",
            "from crowdcore import hookimpl\n@hookimpl\ndef on_run_lanched(run): ...\n",
            "on_run_launched",
        ),
    ],
    ids=["page", "data", "hooks"],
)
def test_what_a_launch_refuses_is_refused_and_the_run_stays_as_it_was(
    machine: Machine, file: str, text: str, fault: str
) -> None:
    before = (machine.folder / file).read_text()
    (machine.folder / file).write_text(text)
    done = machine.crowd("resume", "--reload")
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr
    (machine.folder / file).write_text(before)
    with machine.serve("resume") as served:
        assert ["What is bees" in page for page in shown(served.url, 2)] == [True, False]
