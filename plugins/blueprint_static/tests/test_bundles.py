"""Front ends of the author's own: built when a source is newer, served with what lies beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from crowdcore.testing import Browserless
from tests import web

INDEX = '<!doctype html><title>Own</title><script type="module" src="./assets/app.js"></script>'
BUILD = (
    "echo building && mkdir -p dist/assets && cp src/index.html dist/ && cp src/app.js dist/assets && echo x >> runs"
)
OPTIONS = {"task_source": "web/dist/index.html", "data_jsonl": "rows.jsonl", "build_command": BUILD}


def sources(folder: Any) -> Path:
    folder.write("rows.jsonl", '{"n": 1, "answer": 2}\n')
    folder.write("web/package.json", "{}")
    folder.write("web/node_modules/x/index.js", "")
    folder.write("web/src/app.js", "1")
    path: Path = folder.write("web/src/index.html", INDEX)
    return path


def runs(folder: Any) -> int:
    return (folder.path / "web" / "runs").read_text().count("x")


def test_a_bundle_is_built_once_and_again_when_a_source_is_newer(folder: Any) -> None:
    source = sources(folder)
    run = folder.launch(**OPTIONS, answer_columns=["answer"])
    assert "<title>Own</title>" in web.get(run.url).text
    assert web.get(f"{run.url}task/assets/app.js").text == "1"
    assert web.get(f"{run.url}task/crowd.js", follow_redirects=True).status_code == 200
    worker = Browserless(run.url, worker_id="x").enter()
    assert worker.document["init"] == {"n": 1}
    assert worker.submit([1, {"any": "JSON"}]).status_code == 200
    made = folder.path / "web" / "dist" / "index.html"
    (folder.path / "web" / "runs").unlink()
    for path in (folder.path / "web").rglob("*"):
        os.utime(path, (1e9, 1e9))
    os.utime(made, (1e9 + 1, 1e9 + 1))
    os.utime(folder.path / "web" / "node_modules" / "x" / "index.js", (2e9, 2e9))
    folder.launch(**OPTIONS)
    assert not (folder.path / "web" / "runs").exists()
    os.utime(source, (1e9 + 2, 1e9 + 2))
    folder.launch(**OPTIONS)
    assert runs(folder) == 1


def test_a_failed_build_stops_the_launch_with_the_end_of_its_output(folder: Any) -> None:
    sources(folder)
    command = "for n in $(seq 100); do echo line $n; done; printf '\\033[31mbroken\\033[0m\\n' >&2; exit 3"
    faults = folder.faults(**{**OPTIONS, "build_command": command})
    assert faults[0] == f"build_command `{command}` in web failed with code 3; it said:"
    assert [line.strip() for line in faults[1:]] == [*(f"line {n}" for n in range(62, 101)), "broken"]


def test_a_build_that_hangs_or_makes_no_page_is_told(folder: Any) -> None:
    sources(folder)
    (fault, *_) = folder.faults(**{**OPTIONS, "build_command": "sleep 60", "build_timeout": 1})
    assert "was stopped after 1 seconds" in fault
    (fault,) = folder.faults(**{**OPTIONS, "build_command": "true"})
    assert "succeeded, but there is no web/dist/index.html (task_source)" in fault


def test_addresses_from_the_root_would_miss_the_bundle(folder: Any) -> None:
    sources(folder)
    folder.write("web/src/index.html", INDEX.replace("./assets", "/assets"))
    (fault,) = folder.faults(**OPTIONS)
    assert "/assets/app.js would be looked for outside of the task; let the tool write relative addresses" in fault


def test_a_page_that_loads_crowd_js_is_a_bundle_by_itself(folder: Any) -> None:
    folder.write("rows.jsonl", '{"n": 1}\n')
    folder.write("own/main.js", 'import crowd from "../crowd.js"; const work = await crowd.start();')
    folder.write("own/page.html", '<p>${n}</p><script type="module" src="crowd.js"></script>')
    run = folder.launch(task_source="own/page.html", data_jsonl="rows.jsonl")
    assert "<p>${n}</p>" in web.get(run.url).text
    assert "crowd.start" in web.get(f"{run.url}task/main.js").text
    assert Browserless(run.url, worker_id="x").enter().document["init"] == {"n": 1}


def test_files_of_extra_source_dir_lie_beside_the_page(folder: Any) -> None:
    folder.write("rows.jsonl", '{"n": 1}\n')
    folder.write("task.html", "<img src='pictures/a.png'>")
    folder.write("extra/pictures/a.png", b"\x89PNG")
    run = folder.launch(task_source="task.html", data_jsonl="rows.jsonl", extra_source_dir="extra")
    assert web.get(f"{run.url}task/pictures/a.png").content == b"\x89PNG"
    folder.write("extra/index.html", "")
    (fault,) = folder.faults(task_source="task.html", data_jsonl="rows.jsonl", extra_source_dir="extra")
    assert fault == "blueprint.extra_source_dir: extra/index.html: the page itself has this name"


def test_fixed_pages_are_served_and_take_no_row(folder: Any) -> None:
    folder.write("rows.jsonl", '{"n": 1}\n')
    folder.write("task.html", "<p>${n}</p>")
    folder.write("preview.html", "<h1>Costs $${n}</h1>")
    run = folder.launch(task_source="task.html", data_jsonl="rows.jsonl", preview_source="preview.html")
    visitor = Browserless(run.url).enter()
    assert (visitor.document["phase"], visitor.document["init"]) == ("preview", None)
    assert visitor.document["frontend"]["pages"] == ["preview"]
    assert web.get(f"{run.url}task/crowd-static/preview.html").text == "<h1>Costs ${n}</h1>"
    folder.write("preview.html", "<h1>\n${n}</h1>")
    (fault,) = folder.faults(task_source="task.html", data_jsonl="rows.jsonl", preview_source="preview.html")
    assert fault == "preview.html:2: ${n}: there is no row of data here; write $${…} for the text itself"


def test_the_policy_names_what_the_page_names_and_what_is_declared(folder: Any) -> None:
    folder.write("rows.jsonl", '{"n": 1}\n')
    folder.write(
        "task.html",
        "<script src='https://a.example:8443/x.js'></script><link rel=stylesheet href=//b.example/y.css>"
        "<script src='local.js'></script><iframe src='https://c.example/'></iframe><a href='https://no.example'>x</a>",
    )
    run = folder.launch(task_source="task.html", data_jsonl="rows.jsonl", csp={"connect-src": ["https://d.example"]})
    policy = dict(part.split(" ", 1) for part in web.get(run.url).headers["content-security-policy"].split("; "))
    assert policy["script-src"] == "'self' 'unsafe-inline' https://a.example:8443"
    assert policy["style-src"] == "'self' 'unsafe-inline' https://b.example"
    assert policy["frame-src"] == "'self' https://c.example"
    assert policy["connect-src"] == "'self' https://d.example"
    assert "no.example" not in str(policy)


def test_a_simulated_worker_fills_every_field(folder: Any) -> None:
    from blueprint_static.simulate import simulated_answer

    page = (
        "<input name=a><input name=b type=checkbox value=1><input name=b type=checkbox value=2>"
        "<input type=radio name=c value=x><select name=d><option value=p><option value=q></select>"
        "<input type=file name=e><input type=submit name=f><textarea name=g></textarea><input type=number name=h min=3>"
    )
    data, files = simulated_answer(page, 1)
    assert (data, files) == simulated_answer(page, 1)
    assert set(data) == {"a", "b", "c", "d", "g", "h"}
    assert set(files) == {"e"}
    assert (data["c"], data["h"]) == ("x", "3")
    assert set(data["b"]) <= {"1", "2"}
    assert data["d"] in ("p", "q")
