"""`crowd run examples/static`: HTML and a CSV file, two people, their answers and files compared in the export."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from crowdcore.testing import Machine, Served
from tests.e2e.people import Person, Town

EXAMPLE = Path(__file__).parents[2] / "examples" / "static"
WHY = "<b>because</b> \u2764\nindeed"
PICTURES = {
    "one.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "two \u00e9.png": b"\0\r\n--boundary\r\n\xff\xfe" * 1000,
}  # fmt: skip


def test_two_people_rate_both_characters_and_nothing_is_lost(town: Town, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with machine.serve("run", str(EXAMPLE), "--no-open", "architect.port=0") as served:
        sees_the_preview(town.person(), served)
        x, y = town.person(), town.person()
        rate(x, served, "x", "1", tmp_path)
        rate(x, served, "x", "2", tmp_path)
        rate(y, served, "y", "3", tmp_path)
        rate(y, served, "y", "4", tmp_path)
        assert served.wait() == 0
    assert served.stderr == ""
    rows = machine.exported("static-demo")
    assert sorted((row["worker"], row["ordinal"]) for row in rows) == [("x", 0), ("x", 1), ("y", 0), ("y", 1)]
    for row in rows:
        assert row["data"] == answers(row["worker"], row)
        sent = {file["name"]: (machine.data_dir / file["path"]).read_bytes() for file in row["files"]}
        assert sent == (PICTURES if row["worker"] == "x" else {})
        assert row["item"]["known_rating"] in ("good", "passable")


def answers(worker: str, row: dict[str, Any]) -> dict[str, Any]:
    files = [{key: each[key] for key in ("name", "size", "sha256")} for each in row["files"]]
    if worker == "x":
        return {
            "rating": "good",
            "traits": ["kind", "brave"],
            "why": WHY,
            "pictures": files,
        }
    return {"rating": "bad", "traits": [], "why": "", "pictures": []}


def sees_the_preview(visitor: Person, served: Served) -> None:
    page = visitor.open(served.url)
    visitor.sees("Rate a character")
    expect(page).to_have_title("Rate a character")
    visitor.look("static-preview")


def rate(person: Person, served: Served, worker: str, assignment: str, folder: Path) -> None:
    page = person.open(served.url, worker_id=worker, assignment_id=assignment)
    expect(page.get_by_role("heading")).to_have_text(re.compile("Ottilie Brook|Sir Nils & Co."))
    name = page.get_by_role("heading").text_content() or ""
    expect(page).to_have_title(f"About {name}")
    expect(page.get_by_label("Why?")).to_have_attribute("placeholder", f"Tell us about {name}")
    expect(page.get_by_text("500 characters left")).to_be_visible()
    assert "good" not in json.dumps(page.evaluate("crowd.work.init.known_rating ?? null"))
    if worker == "x":
        if assignment == "1":
            expect(page.get_by_role("button", name="Submit")).to_be_visible()
            person.look("static-task")
        fill(page, folder)
    else:
        page.get_by_label("Bad").check()
    person.press("Submit")
    person.sees("Thank you!")


def fill(page: Any, folder: Path) -> None:
    page.get_by_label("Good").check()
    page.get_by_label("Kind").check()
    page.get_by_label("Brave").check()
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and "because" in answer.request.post_data):
        page.get_by_label("Why?").fill(WHY)
    expect(page.get_by_text("477 characters left")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Brave")).to_be_checked()
    expect(page.get_by_label("Why?")).to_have_value(WHY)
    files = [folder / name for name in PICTURES]
    for path in files:
        path.write_bytes(PICTURES[path.name])
    page.get_by_label("Pictures of them").set_input_files(files)
