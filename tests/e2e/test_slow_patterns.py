"""A pattern that takes for ever does not freeze the page; what it cannot decide, the server does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from crowdcore import RunHandle
from crowdcore.testing import serve
from tests.e2e.people import Person, refused


def question(name: str, label: str, pattern: str) -> dict[str, object]:
    return {"type": "input", "name": name, "label": label, "validators": {"regexp": pattern}}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunHandle]:
    fields = [question("slow", "Letters", "^(a|aa)+$"), question("code", "A code", "^[A-Z]{2}$")]
    form = {
        "title": "Two patterns", "submit_button": {"text": "Send"},
        "sections": [{"title": "Patterns", "fieldsets": [{"rows": [{"fields": [one]} for one in fields]}]}],
    }  # fmt: skip
    data = tmp_path / "task_data.json"
    data.write_text(json.dumps([{"form": form}]))
    config = {
        "task": {"name": "patterns"}, "blueprint": {"type": "form", "data_json": str(data)},
        "provider": {"type": "inhouse"},
    }  # fmt: skip
    with serve(config, data_dir=tmp_path / "data") as serving:
        yield serving


def test_the_page_goes_on_and_the_server_decides(person: Person, run: RunHandle) -> None:
    page = person.open(run.url, worker_id="x")
    person.sees("Two patterns")
    letters, code = page.get_by_role("textbox", name="Letters"), page.get_by_role("textbox", name="A code")
    letters.fill("a" * 60 + "b")
    code.fill("x")
    expect(page.get_by_text("This does not have the expected form.")).to_be_visible()
    code.fill("XY")
    expect(page.get_by_text("This does not have the expected form.")).to_have_count(0)
    person.expects(refused(422))
    person.press("Send")
    expect(page.get_by_text("This answer could not be checked in time; please shorten it.").first).to_be_visible()
    letters.fill("aaaa")
    person.press("Send")
    person.sees("Thank you!")
