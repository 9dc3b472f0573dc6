"""The main job: `crowd run examples/form`, two people, and their answers in a file."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from crowdcore.testing import Machine, Served
from tests.e2e.library_form import EXAMPLE, Answers, answers_of_x, answers_of_y, fill, upload, uploaded
from tests.e2e.people import A_PHONE, OFFLINE, PHONE, Person, Town


def status(machine: Machine) -> dict[str, Any]:
    """What `crowd status --json` says."""
    said: dict[str, Any] = json.loads(machine.crowd("status", "--json").stdout)
    return said


def open_form(person: Person, served: Served, worker: str, assignment: str) -> Page:
    page = person.open(served.url, worker_id=worker, assignment_id=assignment)
    person.sees("Welcome to Riverside Library")
    return page


def test_two_people_complete_the_example_and_their_answers_are_exported(town: Town, tmp_path: Path) -> None:
    x, y = town.person(), town.person(**A_PHONE)
    answers = {"x": answers_of_x(tmp_path), "y": answers_of_y(tmp_path)}
    machine = Machine(tmp_path)
    with machine.serve("run", str(EXAMPLE), "--no-open", "architect.port=0") as served:
        page = open_form(x, served, "x", "1")
        x.look("form")
        is_told_of_mistakes_and_mends_them(x, page, answers["x"])
        comes_back_after_a_reload(x, page, answers["x"])
        x.photograph("form", {"width": 900, "height": 760}, page.get_by_text("A little more"))
        sends_while_the_network_is_away(x, page, served, machine)
        x.look("thanks")
        page = open_form(y, served, "y", "2")
        fill(page, answers["y"])
        upload(page, answers["y"])
        y.photograph("form-on-a-phone", PHONE, page.get_by_text("What matters"))
        y.press("Send")
        y.sees("Thank you!")
        expect(page.get_by_text(answers["y"].motto)).to_be_visible()
        assert served.wait() == 0
    says_what_happened(served)
    assert status(machine)["units"] == {"completed": 2}
    are_exported(machine, tmp_path, answers)


def is_told_of_mistakes_and_mends_them(x: Person, page: Page, answers: Answers) -> None:
    x.press("Send")
    summary = page.get_by_role("group", name="13 answers need your attention")
    expect(summary).to_be_focused()
    x.look("form-with-errors")
    summary.get_by_role("link", name="Email address").click()
    email = page.get_by_role("textbox", name="Email address")
    expect(email).to_be_focused()
    email.fill("x@elsewhere.example")
    expect(email).to_have_attribute("aria-invalid", "true")
    fill(page, answers)
    expect(email).not_to_have_attribute("aria-invalid", "true")
    motto = page.get_by_role("textbox", name="A motto for the wall")
    motto.fill("LOUD")
    expect(page.get_by_text("Please do not write in capital letters only.").last).to_be_visible()
    motto.fill(answers.motto)
    expect(page.get_by_role("group", name="1 answer needs your attention")).to_contain_text("Picture for your card")
    upload(page, answers)
    expect(page.get_by_role("group", name="All corrected: you can send the form now")).to_be_visible()


def comes_back_after_a_reload(x: Person, page: Page, answers: Answers) -> None:
    page.reload()
    expect(page.get_by_role("textbox", name="What are you reading?")).to_have_value(answers.bio)
    expect(page.get_by_role("textbox", name="What would you teach?")).to_have_value(answers.teaches or "")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", str(answers.happy))
    assert page.locator(".ranked-label").all_text_contents() == list(answers.order)
    for file in (answers.avatar, answers.resume):
        uploaded(page, file)


def sends_while_the_network_is_away(x: Person, page: Page, served: Served, machine: Machine) -> None:
    x.expects(OFFLINE)
    x.context.set_offline(True)
    x.press("Send")
    x.told("Your answers are saved on this device, sending")
    x.look("form-without-network")
    assert status(machine)["submissions"] == 0
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()  # the browser shows a page of its own
    x.context.set_offline(False)
    x.open(served.url, worker_id="x", assignment_id="1")
    x.sees("Thank you!")
    assert status(machine)["submissions"] == 1
    page.reload()
    x.sees("Thank you!")
    assert status(machine)["submissions"] == 1


def says_what_happened(served: Served) -> None:
    lines = served.stdout.splitlines()
    assert re.fullmatch(r"serving http://localhost:\d+/", lines[0])
    launched = r"run form-demo-1 \(task form-demo\): 2 units launched( so far)?, 1\.00 USD promised"
    assert re.fullmatch(launched, lines[1])
    assert re.fullmatch(r"watch: http://localhost:\d+/  \(crowd admin login makes a link\)", lines[2])
    assert lines[-4:] == [
        "form-demo-1 ended: all units are done.",
        "2 units completed; 1.00 USD owed.",
        "review:  crowd review go form-demo-1",
        "answers: crowd export form-demo --format csv -o answers.csv",
    ]
    assert served.stderr == ""


def are_exported(machine: Machine, folder: Path, answers: dict[str, Answers]) -> None:
    jsonl, table, files = folder / "answers.jsonl", folder / "answers.csv", folder / "files"
    done = machine.crowd("export", "form-demo", "--format", "jsonl", "-o", str(jsonl), "--files", str(files))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in jsonl.read_text("utf-8").splitlines()]
    assert {row["worker"]: row["data"] for row in rows} == {who: given.stored() for who, given in answers.items()}
    sent = {f.name: f.read_bytes() for given in answers.values() for f in (given.avatar, given.resume)}
    for row in rows:
        for file in row["files"]:
            kept = (machine.data_dir / file["path"]).read_bytes()
            assert kept == sent[file["name"]]
            assert hashlib.sha256(kept).hexdigest() == file["sha256"]
    assert sorted(each.read_bytes() for each in files.iterdir()) == sorted(sent.values())

    assert machine.crowd("export", "form-demo", "--format", "csv", "--raw", "-o", str(table)).returncode == 0
    with table.open(encoding="utf-8", newline="") as file:
        cells = {row["worker"]: row for row in csv.DictReader(file)}
    for who, given in answers.items():
        for name, value in given.stored().items():
            cell = cells[who][f"data.{name}"]
            assert (cell if isinstance(value, str) else json.loads(cell)) == value
    assert cells["y"]["data.country_other"] == ""
