"""Onboarding, screening and gold on pages: their rows are checked, and their answers stay on the server."""

from __future__ import annotations

import json
from typing import Any

from crowdcore.testing import Browserless


def task(folder: Any, gates: dict[str, Any], **options: Any) -> Any:
    folder.write("task.html", "<p>${n}</p><input name=a>")
    folder.write("rows.jsonl", '{"n": 1}\n{"n": 2}\n')
    config = {
        "task": {"name": "t"}, "gates": gates, "provider": {"type": "mock"}, "architect": {"type": "local", "port": 0},
        "blueprint": {"type": "static", "task_source": "task.html", "data_jsonl": "rows.jsonl", **options},
    }  # fmt: skip
    folder.write("task.yaml", json.dumps(config))
    return folder.launch_file("task.yaml")


def test_onboarding_shows_its_own_page_and_then_the_task(folder: Any) -> None:
    folder.write("onboarding.html", "<h1>Learn</h1><input name=quiz>")
    gates = {"onboarding": {"qualification": "taught", "answers": {"quiz": "4"}}}
    run = task(folder, gates, onboarding_source="onboarding.html")
    worker = Browserless(run.url, worker_id="x").enter()
    assert (worker.document["phase"], worker.document["init"]) == (
        "onboarding", {"html": "<h1>Learn</h1><input name=quiz>"},
    )  # fmt: skip
    assert worker.submit({"quiz": "4"}).status_code == 200
    assert worker.document["init"] == {"n": 1, "html": "<p>1</p><input name=a>"}


def test_onboarding_may_be_filled_with_a_row(folder: Any) -> None:
    folder.write("onboarding.html", "<h1>${word}</h1>")
    folder.write("one.json", '{"word": "a <b>", "answers": {"a": "1"}}')
    gates = {"onboarding": {"qualification": "taught", "data": "one.json"}}
    run = task(folder, gates, onboarding_source="onboarding.html")
    document = Browserless(run.url, worker_id="x").enter().document
    assert document["init"] == {"word": "a <b>", "html": "<h1>a &lt;b&gt;</h1>"}


def test_a_gold_row_that_lacks_a_column_stops_the_launch(folder: Any) -> None:
    folder.write("gold.json", '[{"n": 3, "answers": {"a": "3"}}, {"m": 4, "answers": {"a": "4"}}]')
    gates = {"gold": {"qualification": "golden", "data": "gold.json", "every": 1}}
    assert folder.refused(lambda: task(folder, gates)) == ["gates.gold.data: the row has no n; it has m"]


def test_a_gold_looks_like_any_other_row(folder: Any) -> None:
    folder.write("gold.json", '[{"n": 3, "answers": {"a": "3"}}]')
    run = task(folder, {"gold": {"qualification": "golden", "data": "gold.json", "min_correct": 1}})
    document = Browserless(run.url, worker_id="x").enter().document
    assert document["init"] == {"n": 3, "html": "<p>3</p><input name=a>"}
