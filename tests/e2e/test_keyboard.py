"""The form without a mouse: every field is reached with Tab, in the order of the page, and answered with keys."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from crowdcore.testing import serve
from tests.e2e.library_form import EXAMPLE, answers_of_y, picture
from tests.e2e.people import Person

_FOCUSED = """() => {
  const it = document.activeElement;
  return it.getAttribute("aria-label") || it.name || it.innerText.trim();
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name (of a field, or a button's text) is focused; nothing may be skipped back."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(_FOCUSED) == name:
            return
    raise AssertionError(f"Tab does not lead to {name}; it is at {page.evaluate(_FOCUSED)}")


def enter(page: Page, **texts: str) -> None:
    """Type into fields, in this order."""
    for name, text in texts.items():
        tab_to(page, name)
        page.keyboard.type(text)


def test_the_whole_form_is_filled_with_the_keyboard(person: Person, tmp_path: Path) -> None:
    answers = answers_of_y(tmp_path)
    with serve(EXAMPLE / "task.yaml", data_dir=tmp_path / "data", overrides=["architect.port=0"]) as run:
        page = person.open(run.url, worker_id="keys", assignment_id="1")
        person.sees("Welcome to Riverside Library")
        tab_to(page, "About you")
        enter(page, name_first=answers.first, name_last=answers.last, email=answers.email, country="Ken")
        for _ in range(2):  # the first two languages
            tab_to(page, "language")
            page.keyboard.press("Space")
        tab_to(page, "bio")
        page.keyboard.type(answers.bio)
        tab_to(page, "skills")
        page.keyboard.press("Space")  # and the second is chosen already
        tab_to(page, "kids")
        page.keyboard.press("ArrowDown")
        enter(page, books="12", visit="05052024")  # day and month alike: their order is the browser's
        page.locator('input[name="avatar"]').set_input_files(picture(tmp_path / "a.png", 3))
        expect(page.get_by_text("a.png (12 KB) is uploaded.")).to_be_visible()
        tab_to(page, "Your opinion")
        tab_to(page, "satisfaction")
        page.keyboard.press("ArrowRight")
        tab_to(page, "Move up: A quiet room")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        assert page.evaluate(_FOCUSED) == "Move up: A quiet room"
        enter(page, motto=answers.motto)
        tab_to(page, "Send")
        page.keyboard.press("Enter")
        person.sees("Thank you!")
        stored = page.locator("dd")
        for text in ("KEN", "en, fr", "12", "2024-05-05", "6", "quiet, hours, books, events"):
            expect(stored.get_by_text(text, exact=True)).to_be_visible()
