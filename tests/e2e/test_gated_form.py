"""examples/gated_form in a real browser: onboarding, screening, golds, a session of five, the form after it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from crowdcore.testing import Machine, Served
from tests.e2e.people import Person, Town

EXAMPLE = Path(__file__).parents[2] / "examples" / "gated_form"
GOLDS = {
    entry["form"]["sections"][0]["instruction"]: entry["answers"]["bird"]
    for name in ("golds.json", "screening.json")
    for entry in json.loads((EXAMPLE / name).read_text("utf-8"))
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Where everything is kept."""
    return Machine(tmp_path)


@pytest.fixture
def run(machine: Machine) -> Iterator[Served]:
    """The example as its first line says; people are who they say they are."""
    with machine.serve("run", str(EXAMPLE / "task.yaml"), "--no-open", "architect.port=0") as served:
        yield served


def choose(person: Person, option: str) -> None:
    """Answer the one question of a form and send it; returns when something else is shown."""
    page = person.page
    page.get_by_label(option, exact=True).check()
    with page.expect_navigation():
        person.press("Send")


def pass_onboarding(person: Person, run: Served, name: str) -> None:
    person.open(run.url, worker_id=name, assignment_id="1")
    person.sees("Before you begin")
    choose(person, "Choose the more common one")


def piece(person: Person, *, right: bool = True) -> str:
    """Do one piece of work; the description that was shown."""
    person.sees("What kind of bird is it?")
    shown = person.page.locator("main")
    text = next((t for t in GOLDS if shown.get_by_text(t, exact=True).count()), "")
    answer = GOLDS.get(text, "robin")
    if text and not right:
        answer = next(a for a in ("robin", "heron") if a != answer)
    choose(person, answer.capitalize())
    return text


def test_from_the_first_question_to_the_export(machine: Machine, run: Served, person: Person) -> None:
    person.expects("status of 422")
    person.open(run.url, worker_id="ann", assignment_id="1")
    person.sees("Before you begin")
    person.look("onboarding")
    choose(person, "Skip it")
    person.told("Please read the instructions again. You have 1 more try.")
    person.press("OK")
    choose(person, "Choose the more common one")
    shown = [piece(person) for _ in range(5)]
    assert [bool(text) for text in shown] == [True, True, False, False, False], "screening, a gold, three units"
    person.sees("One last thing")
    person.look("after-task")
    person.press("Finish")
    expect(person.page.get_by_role("alert")).to_contain_text("Please check the marked places")
    person.page.get_by_label("4", exact=True).check()
    person.page.get_by_label("A phone").check()
    person.page.get_by_label("Anything we should know?").fill("<b>birds</b>")
    person.page.reload()
    expect(person.page.get_by_label("4", exact=True)).to_be_checked()
    person.press("Finish")
    person.sees("Thank you!")
    rows = machine.exported("gated-form")
    assert [(r["kind"], r["ordinal"], r["status"]) for r in rows] == [("unit", n, "completed") for n in range(3)]
    assert rows[-1]["after_task"] == {"hard": 4, "device": "A phone", "more": "<b>birds</b>"}
    special = machine.exported("gated-form", "--gold", "--screening", "--onboarding")
    assert [(r["kind"], r["passed"]) for r in special] == [
        ("onboarding", False), ("onboarding", True), ("screening", True), ("gold", True),
        ("unit", None), ("unit", None), ("unit", None),
    ]  # fmt: skip


def test_who_fails_reads_so_in_plain_words_and_stays_out(run: Served, town: Town) -> None:
    person = town.person()
    person.expects("status of 403")
    person.open(run.url, worker_id="bob", assignment_id="1")
    choose(person, "Skip it")
    person.press("OK")
    person.sees("Before you begin")
    person.page.get_by_label("Choose the rarer one", exact=True).check()
    person.press("Send")
    person.sees("This task is not open to you")
    person.look("onboarding-failed")
    person.page.reload()
    person.sees("This task is not open to you")
    person.open(run.url, worker_id="bob", assignment_id="2")
    person.sees("This task is not open to you")


def test_a_word_to_the_author_and_a_tip_for_others(machine: Machine, run: Served, town: Town) -> None:
    person = town.person()
    pass_onboarding(person, run, "eva")
    person.sees("What kind of bird is it?")
    person.press("Write to the author")
    dialog = person.page.get_by_role("dialog", name="Write to the author")
    dialog.get_by_label("Your message").fill("Look at the <script>alert(1)</script> bill.")
    dialog.get_by_label("Others who do this task: a tip").check()
    person.look("note")
    person.press("Send the message")
    expect(dialog).to_contain_text("Thank you! Your message has arrived.")
    person.press("Close")
    expect(dialog).to_have_count(0)
    listed = machine.crowd("tips", "gated-form").stdout
    number = re.search(r"^ *(\d+) ", listed)
    assert number is not None, listed
    assert machine.crowd("tips", "gated-form", "--accept", number[1]).returncode == 0
    other = town.person()
    pass_onboarding(other, run, "flo")
    tip = other.page.get_by_text("Look at the <script>alert(1)</script> bill.")
    for _ in range(20):  # a list of tips may be a second old
        if tip.count():
            break
        other.page.wait_for_timeout(200)
        other.page.reload()
        other.sees("What kind of bird is it?")
    expect(tip).to_be_visible()
    other.look("tips")


def test_wrong_golds_take_back_what_came_before(machine: Machine, run: Served, person: Person) -> None:
    pass_onboarding(person, run, "gus")
    piece(person)
    piece(person)
    for _ in range(3):
        piece(person)
    person.sees("One last thing")
    person.page.get_by_label("1", exact=True).check()
    person.press("Finish")
    person.sees("Thank you!")
    person.open(run.url, worker_id="gus", assignment_id="2")
    assert piece(person, right=False)
    for _ in range(3):
        assert not piece(person)
    person.sees("What kind of bird is it?")
    text = next(t for t in GOLDS if person.page.locator("main").get_by_text(t, exact=True).count())
    wrong = next(a for a in ("robin", "heron") if a != GOLDS[text])
    choose(person, wrong.capitalize())
    person.sees("One last thing")
    statuses = [r["status"] for r in machine.exported("gated-form")]
    assert statuses == ["soft_rejected"] * 6
