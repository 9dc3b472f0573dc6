"""`crowd run examples/react_task`: a front end built with npm and Vite, used, and built again when it changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from crowdcore.testing import Machine, Served
from tests.e2e.people import Person, Town

EXAMPLE = Path(__file__).parents[2] / "examples" / "react_task"
MADE = shutil.ignore_patterns("node_modules", "dist")


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """A copy of the example without anything built. npm missing fails: these tests are never skipped."""
    assert shutil.which("npm"), "npm is missing: apt-get install npm"
    copy = tmp_path / "react_task"
    shutil.copytree(EXAMPLE, copy, ignore=MADE)
    return copy


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_react_front_end_is_built_worked_with_and_built_again(town: Town, task: Path, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with machine.serve("run", str(task), "--no-open", "architect.port=0", timeout=600) as served:
        judge(town.person(), served, "x")
        served.kill()
    page = task / "webapp" / "src" / "App.jsx"
    page.write_text(page.read_text("utf-8").replace("What is the mood?", "Which mood is it?"), "utf-8")
    with machine.serve("resume", timeout=600) as served:  # as it was at launch
        judge(town.person(), served, "y")
        assert served.wait() == 0
    rows = machine.exported("react-demo")
    assert [row["data"] for row in rows] == [
        {"mood": "glad", "marked": ["What", "little"]}, {"mood": "glad", "marked": ["The", "found"]},
    ]  # fmt: skip
    assert [row["item"]["mood"] for row in rows] == ["glad", "sad"]

    built = (task / "webapp" / "dist" / "index.html").stat().st_mtime
    with machine.serve("run", str(task), "--no-open", "architect.port=0", timeout=600) as served:
        visitor = town.person()
        visitor.open(served.url)
        visitor.sees("Which mood is it?")
        served.kill()
    assert (task / "webapp" / "dist" / "index.html").stat().st_mtime > built

    page.write_text("export const App = (", "utf-8")
    os.utime(page)
    refused = machine.crowd("run", str(task), "--no-open", "architect.port=0", timeout=600)
    assert refused.returncode == 2
    assert "build_command `npm install" in refused.stderr
    assert "App.jsx" in refused.stderr
    assert "Traceback" not in refused.stderr


def judge(person: Person, served: Served, worker: str) -> None:
    page = person.open(served.url, worker_id=worker, assignment_id=worker)
    person.sees("What is the mood?")
    assert page.evaluate("document.querySelector('main').textContent.includes('sad, ')") is False
    words = page.locator(".sentence button")
    words.nth(0).click()
    with page.expect_response(lambda answer: "glad" in (answer.request.post_data or "")):
        page.get_by_label("glad").check()
    page.reload()
    expect(page.get_by_label("glad")).to_be_checked()
    expect(words.nth(0)).to_have_attribute("aria-pressed", "true")
    words.nth(4 if worker == "x" else 2).click()
    if worker == "x":
        person.look("react-task")
    person.press("Send")
    person.sees("Thank you!")
