"""A file that cannot be sent is told of when it is chosen, can be removed, and keeps nobody from sending the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from crowdcore.testing import Machine, serve
from tests.e2e.people import Person
from tests.e2e.small_proxy import small_proxy

LIMIT = 200_000
REFUSED = r"status of 413|net::ERR_(CONNECTION_\w+|EMPTY_RESPONSE)"
PAGE = """<!doctype html><html lang="en"><head><title>A page</title></head><body><main><h1>A page</h1>
<p><label>Word <input name="word"></label></p><p><label>Extra <input type="file" name="extra"></label></p>
</main></body></html>"""


class Task:
    """Runs of a task in a folder, seen through a proxy."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.machine, self.folder, self._stack = Machine(folder), folder, stack
        (folder / "small.txt").write_bytes(b"s" * 1000)
        (folder / "large.txt").write_bytes(b"l" * (LIMIT + 1))
        with (folder / "huge.txt").open("wb") as file:
            file.truncate(100 * 1024 * 1024 + 1)

    def form(self, *, required: bool, **proxy: Any) -> str:
        """The address of a form with a text and a file."""
        fields = [
            {"name": "word", "label": "Word", "type": "input"},
            {"name": "extra", "label": "Extra", "type": "file", "validators": {"required": required}},
        ]
        section = {"title": "All", "fieldsets": [{"rows": [{"fields": fields}]}]}
        form = {"title": "A form", "sections": [section], "submit_button": {"text": "Send"}}
        (self.folder / "task_data.json").write_text(json.dumps([{"form": form}]))
        return self._serve("form", **proxy)

    def page(self, **proxy: Any) -> str:
        """The address of an author's page with the same two fields."""
        (self.folder / "task.html").write_text(PAGE)
        (self.folder / "rows.json").write_text(json.dumps([{"n": 1}]))
        return self._serve("static", {"task_source": "task.html", "data_json": "rows.json"}, **proxy)

    def _serve(self, type: str, options: dict[str, str] | None = None, **proxy: Any) -> str:
        config = {"task": {"name": "t"}, "blueprint": {"type": type, **(options or {})}, "provider": {"type": "mock"},
                  "architect": {"type": "local", "port": 0}}  # fmt: skip
        (self.folder / "task.yaml").write_text(json.dumps(config))
        run = self._stack.enter_context(serve(self.folder / "task.yaml", data_dir=self.machine.data_dir))
        return self._stack.enter_context(small_proxy(run.url, LIMIT, **proxy))

    def rows(self) -> list[Any]:
        """What was handed in."""
        return [json.loads(line) for line in self.machine.crowd("export", "t", "--format", "jsonl").stdout.splitlines()]


@pytest.fixture
def task(tmp_path: Path) -> Iterator[Task]:
    """A task of the test's own."""
    with ExitStack() as stack:
        yield Task(tmp_path, stack)


def choose(person: Person, file: Path) -> None:
    person.page.get_by_label("Extra").set_input_files(file)


@pytest.mark.parametrize(
    ("hangs_up", "words"),
    [
        (False, "large.txt could not be uploaded. This is larger than the server takes."),
        (True, "The connection was cut off each time."),
    ],
)
def test_a_file_that_a_proxy_does_not_take_keeps_nobody_from_sending_the_rest(
    task: Task, person: Person, hangs_up: bool, words: str
) -> None:
    person.expects(REFUSED)
    page = person.open(task.form(required=False, hangs_up=hangs_up), worker_id="x")
    page.get_by_label("Word").fill("kept")
    choose(person, task.folder / "large.txt")
    told = page.get_by_text(words)
    expect(told).to_contain_text("Choose another file, or send the form without one.")
    person.look(f"file-not-taken-{'cut' if hangs_up else '413'}")
    person.press("Remove file")
    expect(told).to_have_count(0)
    choose(person, task.folder / "large.txt")
    expect(page.get_by_text(words)).to_be_visible()
    person.press("Send")
    person.sees("Thank you!")
    assert [(row["data"]["word"], row["data"]["extra"]) for row in task.rows()] == [("kept", None)]


def test_a_form_that_needs_a_file_says_what_to_do(task: Task, person: Person) -> None:
    person.expects(REFUSED)
    page = person.open(task.form(required=True), worker_id="x")
    choose(person, task.folder / "large.txt")
    expect(page.get_by_text("Choose another file: this form needs one.")).to_be_visible()
    person.press("Send")
    expect(page.get_by_role("heading", name="1 answer needs your attention")).to_be_visible()
    person.look("file-not-taken-needed")
    choose(person, task.folder / "small.txt")
    expect(page.get_by_text("small.txt (1000 bytes) is uploaded.")).to_be_visible()
    person.press("Send")
    person.sees("Thank you!")
    assert [row["data"]["extra"]["name"] for row in task.rows()] == ["small.txt"]


def test_the_servers_own_limit_is_known_before_anything_is_sent(task: Task, person: Person) -> None:
    page = person.open(task.form(required=False), worker_id="x")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/files/" in request.url else None)
    choose(person, task.folder / "huge.txt")
    expect(page.get_by_text("huge.txt is larger than 100 MB, which is the most that can be sent.")).to_be_visible()
    person.press("Send")
    person.sees("Thank you!")
    assert sent == []


def test_on_an_authors_page_a_file_that_is_too_large_is_told_of_when_it_is_chosen(task: Task, person: Person) -> None:
    page = person.open(task.page(), worker_id="x")
    page.get_by_label("Word").fill("kept")
    choose(person, task.folder / "huge.txt")
    expect(page.get_by_role("alert")).to_contain_text("huge.txt is larger than 100 MB")
    assert page.get_by_label("Extra").evaluate("(field) => field.files.length") == 0
    person.press("Submit")
    person.sees("Thank you!")
    assert [row["data"] for row in task.rows()] == [{"word": "kept", "extra": []}]


def test_on_an_authors_page_a_file_that_a_proxy_does_not_take_can_be_removed(task: Task, person: Person) -> None:
    person.expects(REFUSED)
    page = person.open(task.page(), worker_id="x")
    page.get_by_label("Word").fill("kept")
    choose(person, task.folder / "large.txt")
    person.press("Submit")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("This is larger than the server takes."))
    person.look("page-file-not-taken")
    person.press("Remove large.txt")
    person.press("Submit")
    person.sees("Thank you!")
    assert [row["data"] for row in task.rows()] == [{"word": "kept", "extra": []}]
