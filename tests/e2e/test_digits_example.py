"""`crowd run examples/digits`: a worker draws, the server's model answers, the worker has the last word."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from crowdcore.testing import Machine
from tests.e2e.people import Person, Town

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits"
STROKES = {
    3: [(60, 40), (190, 40), (110, 115), (190, 170), (120, 220), (60, 200)],
    7: [(50, 40), (200, 40), (110, 220)],
}


def test_a_drawing_is_read_corrected_and_kept(town: Town, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    patient = "blueprint.procedure_timeout=60"  # the model is trained in the first call, or before
    with machine.serve("run", str(EXAMPLE), "--no-open", "architect.port=0", patient) as served:
        for assignment in ("1", "2"):
            person = town.person()
            page = person.open(served.url, worker_id=f"w{assignment}", assignment_id=assignment)
            expect(page.get_by_role("heading")).to_have_text(re.compile(r"\d$"))  # the item has arrived
            expect(page.get_by_role("button", name="What is it?", exact=True)).to_be_enabled()  # and the page listens
            if assignment == "1":
                asks_too_early(person)
            wanted = int((page.get_by_role("heading").text_content() or "")[-1])
            draw(page, STROKES[wanted])
            person.press("What is it?")
            expect(page.locator("#answer")).to_contain_text("The computer reads")
            read = page.locator("#digit").input_value()
            page.reload()
            expect(page.locator("#answer")).to_contain_text("The computer reads")
            assert page.locator("#digit").input_value() == read
            if assignment == "1":
                person.look("digits")
            page.locator("#digit").fill(str(wanted))
            person.press("Submit")
            person.sees("Thank you!")
        assert served.wait() == 0
    assert served.stderr == ""
    was_kept(machine)


def asks_too_early(person: Person) -> None:
    person.press("What is it?")
    expect(person.page.locator("#answer")).to_have_text("Please draw something first.")


def draw(page: Page, points: list[tuple[int, int]]) -> None:
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + points[0][0], box["y"] + points[0][1])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
    page.mouse.up()


def was_kept(machine: Machine) -> None:
    """The answers and the calls are exported; the model would say the same of the same pixels."""
    examples = load_digits()
    model = SVC(gamma=0.001, random_state=0).fit(examples.data, examples.target)
    rows = machine.exported("digits-demo")
    assert sorted(row["data"]["expected"] for row in rows) == ["3", "7"]
    for row in rows:
        assert row["data"]["digit"] == row["data"]["expected"]
        (call,) = row["data"]["calls"]
        assert (call["procedure"], call["error"]) == ("classify", None)
        assert call["result"] == {"digit": int(model.predict([call["args"]["pixels"]])[0])}
        assert call["seconds"] >= 0
        assert "classify" in machine.rendered(row["agent"])
