"""Python in README and docs is complete, and what has hooks in it is run; copies of tests' files are run by those."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from crowdcore import hookimpl
from crowdcore.plugins.checks import HOOKS
from crowdcore.testing import Browserless, until
from scripts.hook_docs import example
from tests.plugins.example_stories import people
from tests.plugins.examples import Scene

ROOT = Path(__file__).parents[2]
COPY = re.compile(r"<!-- start \S+ -->\n.*?<!-- end -->", re.DOTALL)
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
Told = Callable[[Scene, str], None]


def blocks() -> Iterator[tuple[str, str]]:
    """Every block of Python but those of docs/hooks.md: "PAGE NUMBER", counted from 1 on each page, and the code."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("plugins/*/*.md"))):
        if page.name != "hooks.md":
            found = BLOCK.findall(COPY.sub("", page.read_text("utf-8")))
            for number, (_, code) in enumerate(found, 1):
                yield f"{page.relative_to(ROOT)} {number}", textwrap.dedent(code)


CODE = dict(blocks())
WITH_HOOKS = [name for name, code in CODE.items() if "@hookimpl" in code]


def test_no_name_is_used_that_nobody_defines(tmp_path: Path) -> None:
    for name, code in (CODE | {hook: example(hook) for hook in HOOKS}).items():
        (tmp_path / f"{name.replace('/', '_').replace(' ', '_')}.py").write_text(code)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "E9,F", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def teams(scene: Scene, code: str) -> None:
    """Whom README keeps away, and what it prints."""
    with redirect_stdout(StringIO()) as printed, scene.serve({"teams": code}, args={"team_a": ["ann"]}) as run:
        ann, ben = (Browserless(run.url, worker_id=name).enter() for name in ("ann", "ben"))
        assert ann.reply.json()["detail"] == "These pages are for team B."
        assert ben.submit({"text": "a robin"}).is_success
        until(lambda: "ben {'text': 'a robin'}\n" in printed.getvalue())


def relay(scene: Scene, code: str) -> None:
    """A topic, and what is said about it."""

    @hookimpl
    def blueprint_task_data(start: int) -> list[dict[str, str]]:
        return [{"topic": "Birds"}][start:]

    two = {"type": "mock", "units_per_assignment": 2}
    with scene.serve({"relay": code}, hooks=[blueprint_task_data], blueprint=two) as run:
        ann, ben = people(run, "ann", "ben", status="in_task")
        assert ben.wait("context")["text"] == "Birds"
        ann.say({"text": "Hello"})
        assert ben.wait("message")["data"] == {"text": "Hello"}
        ben.say({"text": "bye"})
        ann.wait("status", status="completed")


def silent(scene: Scene, code: str) -> None:
    """Who says nothing gives the seat to a bot."""
    two = {"type": "mock", "units_per_assignment": 2}
    with scene.serve({"silent": code}, blueprint=two, pairing={"stand_in": {"type": "echo"}}) as run:
        first, second = people(run, "ann", "ben", status="in_task")
        first.say({"text": "Hello"})
        second.wait("turn", who="Person 2")
        scene.clock.advance(61)
        assert first.wait("message", sender="Person 2")["data"] == {"text": "Hello"}
        first.wait("status", phase="finish")


def blocking(scene: Scene, code: str) -> None:
    """The first tells the second."""
    with scene.serve({"blocking": code}, blueprint={"type": "mock", "units_per_assignment": 2}) as run:
        first, second = people(run, "ann", "ben", status="in_task")
        first.say({"text": "Hello"})
        frame = second.wait("message")
        assert (frame["sender"], frame["data"]) == ("Person 1", {"text": "Hello"})
        second.wait("status", status="completed")


def golds(scene: Scene, code: str) -> None:
    """A sum, then the work."""
    with scene.serve({"golds": code}, gates={"gold": {"qualification": "golds", "max_incorrect": 0}}) as run:
        page = Browserless(run.url, worker_id="ann").enter()
        number = int(page.document["init"]["sum"].split(" + ")[0])
        assert page.submit({"text": str(2 * number)}).is_success
        assert page.enter().document["init"] == {"n": 0}


def hours(scene: Scene, code: str) -> None:
    """Open all day, and never."""
    for opens, wanted in (([0, 24], ""), ([0, 0], "not_qualified")):
        with scene.serve({"hours": code}, args={"hours": opens}) as run:
            assert Browserless(run.url, worker_id="ann").enter().code == wanted


def media(scene: Scene, code: str) -> None:
    """A folder beside the task."""
    with scene.serve({"media": code}, files={"media/robin.txt": "A red breast."}) as run:
        assert httpx.get(f"{run.url}media/robin.txt").text == "A red breast."


def words(scene: Scene, code: str) -> None:
    """A word that a form does not want; items that Python makes."""
    other = "blueprint_form/README.md 2" if "blueprint_validate" in code else "blueprint_form/README.md 1"
    both = {"one": code, "two": CODE[f"plugins/{other}"]}
    with scene.serve(both, blueprint={"type": "form", "launch_ahead": 3}) as run:
        page = Browserless(run.url, worker_id="ann").enter()
        (section,) = page.document["init"]["form"]["sections"]
        assert section["fieldsets"][0]["rows"][0]["fields"][0]["label"] == "A word with 3 letters"
        assert page.submit({"word": "fox"}).json()["errors"] == {"word": ["Please choose another word."]}
        assert page.submit({"word": "owl"}).is_success


def animals(scene: Scene, code: str) -> None:
    """Rows that Python makes."""
    page = {"task.html": "<p>${animal}</p> <input name='kind'>"}
    blueprint: dict[str, Any] = {"type": "static", "task_source": "task.html", "launch_ahead": 3}
    with scene.serve({"animals": code}, files=page, blueprint=blueprint) as run:
        shown = Browserless(run.url, worker_id="ann").enter().document["init"]["html"]
        assert "Animal number 0" in shown


STORIES: dict[str, Told] = {
    "README.md 2": teams, "docs/gates.md 1": golds, "docs/gates.md 2": hours, "docs/live.md 1": relay,
    "docs/live.md 2": silent, "docs/live.md 3": blocking, "plugins/architect_local/README.md 1": media,
    "plugins/blueprint_form/README.md 1": words, "plugins/blueprint_form/README.md 2": words,
    "plugins/blueprint_static/README.md 1": animals,
}  # fmt: skip


@pytest.mark.parametrize("block", WITH_HOOKS)
def test_hooks_in_documents_do_what_they_say(block: str, tmp_path: Path) -> None:
    assert block in STORIES, "tell here how it is run"
    STORIES[block](Scene(tmp_path), CODE[block])
