"""The author's folder is not public: what a page needs is served, and nothing that lies beside it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests import web

PAGE = """<!doctype html><link rel=stylesheet href=look.css><img srcset="a.png 1x, big%20b.png 2x">
<script type="module">import crowd from "../crowd.js"; import "./js/main.js"; fetch('texts.json?v=1')</script>"""
SECRET = {
    "d.json": json.dumps([{"n": 1, "truth": "gold"}]), "hooks.py": "KEY = 1\n", "notes.txt": "names of people",
    "golds.json": json.dumps([{"n": 2, "truth": "g", "answers": {"x": "y"}}]),
    "server.key": "private", ".env": "TOKEN=1",
}  # fmt: skip
OPTIONS = {"data_json": "d.json", "answer_columns": ["truth"]}


def beside(folder: Any, page: str) -> None:
    for name, text in SECRET.items():
        folder.write(name, text)
    needed = {"look.css": "@import 'more.css'; p {background: url(c.png)}", "more.css": "p {}", "texts.json": "{}"}
    for name, text in {**needed, "js/main.js": 'import("./part.mjs")', "js/part.mjs": "1"}.items():
        folder.write(name, text)
    for name in ("a.png", "big b.png", "c.png"):
        folder.write(name, b"\x89PNG")
    folder.write(page, PAGE)


@pytest.mark.parametrize("type", ["static", "remote_procedure"])
def test_of_a_page_beside_task_yaml_what_it_names_is_served_and_nothing_else(folder: Any, type: str) -> None:
    beside(folder, "page.html")
    hook = "import crowdcore\n@crowdcore.procedure('p')\ndef p(args):\n    return 1\n"
    folder.write("hooks.py", hook)
    run = folder.launch(**OPTIONS, task_source="page.html", type=type)
    for name in ("look.css", "more.css", "texts.json", "js/main.js", "js/part.mjs", "a.png", "big%20b.png", "c.png"):
        assert web.get(f"{run.url}task/{name}").status_code == 200, name
    data = [f"data-1/{part}" for part in ("crowd.db", "secret.key")]
    for name in [*SECRET, "task.yaml", "page.html", "..%2ftask.yaml", "./d.json", "D.JSON", *data]:
        assert web.get(f"{run.url}task/{name}").status_code == 404, name
    assert "import crowd" in web.get(run.url).text


@pytest.mark.parametrize(
    ("place", "source"),
    [("own/d.json", "d.json"), ("own/other.txt", "d.json"), ("own/a/golds.js", "golds.json"),
     ("own/t.txt", "task.yaml"), ("own/h.txt", "hooks.py")],
)  # fmt: skip
def test_a_launch_that_would_serve_what_the_run_reads_is_refused(folder: Any, place: str, source: str) -> None:
    beside(folder, "own/page.html")
    folder.write("own/js/main.js", "1")
    if source == "task.yaml":  # written by the launch
        (folder.path / place).symlink_to(folder.path / source)
    else:
        folder.write(place, SECRET[source])
    options = {**OPTIONS, "data_json": place} if place == "own/d.json" else OPTIONS
    (fault,) = folder.refused(
        lambda: folder.launch(
            **options, task_source="own/page.html", gates={"gold": {"data": "golds.json", "qualification": "q"}}
        )
    )
    assert fault.startswith("blueprint 'static': everybody could fetch ")
    assert fault.endswith(f" as /task/{place[4:]}; keep it out of the folder of the page")


@pytest.mark.parametrize("name", ["task.yaml", "hooks.py", "a/tls.pem", "server.KEY", "crowd.db"])
def test_names_that_no_page_needs_are_refused_in_every_folder_that_is_served(folder: Any, name: str) -> None:
    folder.write("d.json", SECRET["d.json"])
    folder.write("own/page.html", PAGE)
    folder.write("plain.html", "<p>${n}</p>")
    folder.write(f"own/{name}", "x")
    said = f"everybody could fetch own/{name}; give pages, and the files that they need, a folder of their own"
    assert folder.faults(**OPTIONS, task_source="own/page.html") == [f"blueprint.task_source: {said}"]
    options = {**OPTIONS, "task_source": "plain.html", "extra_source_dir": "own"}
    assert folder.faults(**options) == [f"blueprint.extra_source_dir: {said}"]


def test_a_page_that_names_a_file_which_the_run_reads_is_refused(folder: Any) -> None:
    beside(folder, "page.html")
    folder.write("page.html", PAGE.replace("texts.json", "d.json"))
    (fault,) = folder.faults(**OPTIONS, task_source="page.html")
    assert "everybody could fetch d.json as /task/d.json" in fault


def test_what_is_no_file_and_links_that_turn_back_are_no_trap(folder: Any) -> None:
    folder.write("d.json", SECRET["d.json"])
    folder.write("own/page.html", PAGE)
    (folder.path / "own" / "self").symlink_to(folder.path / "own")
    assert web.get(f"{folder.launch(**OPTIONS, task_source='own/page.html').url}task/self/page.html").status_code == 404
    os.mkfifo(folder.path / "own" / "pipe")
    assert folder.faults(**OPTIONS, task_source="own/page.html") == [
        "blueprint.task_source: own/pipe is no file that can be served; take it away"
    ]
