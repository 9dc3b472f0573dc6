"""How people fill examples/form: every field, none with what stood in it."""

from __future__ import annotations

import hashlib
import json
import random
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

EXAMPLE = Path(__file__).parents[2] / "examples" / "form"
OPTIONS = {
    "Reading aloud": "reading",
    "Repairing books": "repair",
    "Teaching computers": "computers",
    "Gardening": "garden",
}
LANGUAGES = {"English": "en", "French": "fr", "Portuguese": "pt", "Swahili": "sw"}
PRIORITIES = {
    "Longer opening hours": "hours",
    "More new books": "books",
    "A quiet room": "quiet",
    "Evening events": "events",
}
COUNTRIES = {"Portugal": "PRT", "Kenya": "KEN", "Canada": "CAN", "Another country": "OTHER"}
CHILDREN = {"None": "0", "One": "1", "Two": "2", "Three or more": ">=3"}


@dataclass(frozen=True)
class Answers:
    """What one person enters, in the words of the page."""

    first: str
    last: str
    email: str
    country: str
    elsewhere: str | None
    languages: tuple[str, ...]
    bio: str
    skills: tuple[str, ...]
    teaches: str | None
    children: str
    books: str
    visit: str
    happy: int
    order: tuple[str, ...]
    motto: str
    avatar: Path
    resume: Path

    def stored(self) -> dict[str, Any]:
        """The same as the export has it."""
        data: dict[str, Any] = {
            "name_first": self.first, "name_last": self.last, "email": self.email,
            "full_name": f"{self.first} {self.last}", "study_code": "riverside-01",
            "country": COUNTRIES[self.country], "country_other": self.elsewhere,
            "language": [LANGUAGES[each] for each in self.languages], "bio": self.bio,
            "skills": {value: label in self.skills for label, value in OPTIONS.items()},
            "kids": CHILDREN[self.children], "computers_note": self.teaches, "books": int(self.books),
            "visit": self.visit, "avatar": described(self.avatar), "resume": described(self.resume),
            "satisfaction": self.happy, "priorities": [PRIORITIES[each] for each in self.order], "motto": self.motto,
        }  # fmt: skip
        return {name: value for name, value in data.items() if value is not None}


def described(file: Path) -> dict[str, Any]:
    """A file as the export has it."""
    content = file.read_bytes()
    return {"name": file.name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def answers_of_x(folder: Path) -> Answers:
    """Somebody from a country that the form does not list, who would teach."""
    return Answers(
        first="Xenon", last="Ex", email="Xenon@example.org", country="Another country", elsewhere="Lilliput",
        languages=("French", "Swahili"), bio="Tales of 😀 and <b>bold</b> & brave;\n\"quoted\", too",
        skills=("Teaching computers", "Gardening"), teaches="Typing, with ten fingers", children="Two",
        books="17", visit="2024-05-17", happy=8,
        order=("Evening events", "Longer opening hours", "More new books", "A quiet room"),
        motto="Read more, worry less", avatar=picture(folder / "x avatar.png", 1), resume=noise(folder / "x.pdf", 1),
    )  # fmt: skip


def answers_of_y(folder: Path) -> Answers:
    """Somebody from a listed country, who would not."""
    return Answers(
        first="Yttrium", last="Why", email="why.y@example.org", country="Kenya", elsewhere=None,
        languages=("English", "Portuguese", "Swahili"), bio="=SUM(A1:A9), a formula that is none",
        skills=("Reading aloud", "Repairing books", "Gardening"), teaches=None, children="Three or more",
        books="1000", visit="2000-01-01", happy=0,
        order=("More new books", "Longer opening hours", "Evening events", "A quiet room"),
        motto="ça va, naïve café", avatar=picture(folder / "größe.jpeg.png", 2), resume=noise(folder / "y.txt", 2),
    )  # fmt: skip


def fill(page: Page, answers: Answers) -> None:
    """Enter everything, as a person does."""
    page.get_by_role("textbox", name="First name").fill(answers.first)
    page.get_by_role("textbox", name="Last name").fill(answers.last)
    page.get_by_role("textbox", name="Email address").fill(answers.email)
    page.get_by_role("combobox", name="Country").select_option(label=answers.country)
    if answers.elsewhere is not None:
        page.get_by_role("textbox", name="Which country?").fill(answers.elsewhere)
    for language in answers.languages:
        page.get_by_role("checkbox", name=language).check()
    page.get_by_role("textbox", name="What are you reading?").fill(answers.bio)
    for skill in OPTIONS:
        page.get_by_role("checkbox", name=skill).set_checked(skill in answers.skills)
    if answers.teaches is not None:
        page.get_by_role("textbox", name="What would you teach?").fill(answers.teaches)
    page.get_by_role("radio", name=answers.children).check()
    page.get_by_role("spinbutton", name="Books you read last year").fill(answers.books)
    page.locator('input[name="visit"]').fill(answers.visit)
    slide(page, answers.happy)
    put_in_order(page, answers.order)
    page.get_by_role("textbox", name="A motto for the wall").fill(answers.motto)


def upload(page: Page, answers: Answers) -> None:
    """Choose both files and wait until the server has them."""
    for field, file in (("avatar", answers.avatar), ("resume", answers.resume)):
        page.locator(f'input[name="{field}"]').set_input_files(file)
        uploaded(page, file)


def uploaded(page: Page, file: Path) -> None:
    """The page says that the server has the file."""
    expect(page.get_by_role("status").filter(has_text=file.name)).to_contain_text("is uploaded")


def slide(page: Page, target: int) -> None:
    """With the keyboard: the slider starts in the middle."""
    slider = page.get_by_role("slider")
    slider.press("Home")
    for _ in range(target):
        slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", str(target))


def put_in_order(page: Page, order: tuple[str, ...]) -> None:
    """With the buttons: each option up to its place."""
    for place, label in enumerate(order):
        while _order(page).index(label) > place:
            page.get_by_role("button", name=f"Move up: {label}", exact=True).click()
    assert _order(page) == list(order)


def _order(page: Page) -> list[str]:
    return page.locator(".ranked-label").all_text_contents()


def picture(path: Path, seed: int) -> Path:
    """A PNG of 64 × 64 random points."""
    points = random.Random(seed)
    rows = b"".join(b"\0" + points.randbytes(64 * 3) for _ in range(64))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def noise(path: Path, seed: int) -> Path:
    """300 kB of random bytes: more than one read, and nothing that a text mode would survive."""
    path.write_bytes(random.Random(seed).randbytes(300_000))
    return path


def small_form(folder: Path, **task: Any) -> dict[str, Any]:
    """The configuration of a run with one question; `task` goes into its section. Three items, one seat each."""
    question = {
        "type": "input",
        "name": "word",
        "label": "A kind word",
        "validators": {"required": True, "minLength": 2},
    }
    form = {
        "title": "One question", "submit_button": {"text": "Send"},
        "sections": [{"title": "Question", "fieldsets": [{"rows": [{"fields": [question]}]}]}],
    }  # fmt: skip
    data = folder / "task_data.json"
    data.write_text(json.dumps([{"form": form}] * 3), "utf-8")
    return {
        "task": {"name": "words", "title": "One question", "description": "A word", "reward": "0.10", **task},
        "blueprint": {"type": "form", "data_json": str(data)},
        "provider": {"type": "inhouse"},
    }


def answer(page: Page, word: str) -> None:
    """Fill the small form and send it."""
    page.get_by_role("textbox", name="A kind word").fill(word)
    page.get_by_role("button", name="Send", exact=True).click()
