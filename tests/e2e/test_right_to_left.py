"""What people and authors write from the right is read from the right: on every page, and in review."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from crowdcore.testing import Machine, serve
from tests.e2e.conversations import free_talk, say
from tests.e2e.people import Person, Town

HELLO, MORE, MIXED = "مرحبا بالعالم!", "كيف الحال؟", "شكرا, Ann (v2)."
_LOOK = """() => {
  const wrong = [], RIGHT = /[\\u0590-\\u08ff]/, LETTER = /[A-Za-z\\u0590-\\u08ff]/;
  let seen = 0;
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot);
      if (element.matches("script, style, noscript, title, head *")) continue;
      const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data);
      const written = element.matches("textarea, input:not([type]), input[type=text], input[type=email]");
      const first = LETTER.exec(written ? element.value : own.join(""))?.[0] ?? "";
      if (!RIGHT.test(first)) continue;
      seen += 1;
      if (getComputedStyle(element).direction !== "rtl") wrong.push(element.outerHTML.slice(0, 300));
    }
  };
  look(document);
  return [seen, wrong];
}"""


def looks_right(page: Page, at_least: int) -> None:
    """Every text that begins from the right on this page, `at_least` so many, is laid out from the right."""
    seen, wrong = page.evaluate(_LOOK)
    assert wrong == []
    assert seen >= at_least


def config(type: str, **blueprint: Any) -> dict[str, Any]:
    return {
        "task": {"name": "سلام", "title": HELLO, "description": MORE}, "blueprint": {"type": type, **blueprint},
        "provider": {"type": "mock"}, "architect": {"type": "local", "port": 0},
    }  # fmt: skip


def form_in(folder: Path) -> Path:
    """A form in a language that is written from the right, with a few questions after it."""
    options = [{"label": HELLO, "value": "1"}, {"label": MIXED, "value": "2"}]
    fields = [
        {"type": "input", "name": "word", "label": MORE, "help": f"<p>{HELLO}</p><ul><li>{MORE}</li></ul>",
         "placeholder": HELLO, "tooltip": HELLO, "validators": {"required": True}},
        {"type": "textarea", "name": "text", "label": MORE},
        {"type": "radio", "name": "r", "label": MIXED, "options": options},
        {"type": "checkbox", "name": "c", "label": MIXED, "options": options},
        {"type": "select", "name": "s", "label": MIXED, "options": options},
        {"type": "ranking", "name": "k", "label": MIXED, "options": options},
        {"type": "file", "name": "f", "label": MIXED},
    ]  # fmt: skip
    section = {"title": HELLO, "instruction": f"<p>{MIXED}</p><p>In English</p><blockquote>{MORE}</blockquote>",
               "fieldsets": [{"title": HELLO, "help": MORE, "rows": [{"fields": [each]} for each in fields]}],
               }  # fmt: skip
    form = {"title": HELLO, "instruction": f"English first<p>{MORE}</p>", "sections": [section],
            "submit_button": {"text": MIXED, "instruction": MORE}}  # fmt: skip
    questions = [{"name": "a", "type": "text", "label": HELLO, "help": MORE},
                 {"name": "b", "type": "choice", "label": HELLO, "options": [MIXED, MORE]}]  # fmt: skip
    (folder / "after.json").write_text(json.dumps({"title": HELLO, "text": MORE, "questions": questions}))
    (folder / "task_data.json").write_text(json.dumps([{"form": form}]))
    task = folder / "task.yaml"
    task.write_text(json.dumps({**config("form"), "gates": {"after_task": "after.json"}}))
    return task


def test_forms_questions_and_the_requesters_pages(town: Town, tmp_path: Path) -> None:
    person, requester, machine = town.person(), town.person(), Machine(tmp_path)
    with serve(form_in(tmp_path), data_dir=machine.data_dir) as run:
        page = person.open(run.url, worker_id="x")
        page.locator("[name=word]").fill(MIXED)
        page.locator("[name=text]").fill(f"{HELLO}\n{MORE}")
        looks_right(page, 25)
        person.look("form-from-the-right")
        page.locator("button[type=submit]").click()
        expect(page.locator("main[data-code=finish]")).to_be_visible()
        page.get_by_role("textbox").first.fill(MORE)
        looks_right(page, 6)
        person.press("Write to the author")
        page.get_by_label("Your message").fill(HELLO)
        looks_right(page, 7)
        person.press("Close")
        requester.open(run.admin_link())
        expect(requester.page.get_by_role("article")).to_contain_text("سلام")
        looks_right(requester.page, 2)
        page.goto("about:blank")
        requester.page.goto("about:blank")
    requester.page.set_content(machine.rendered(1, "html"))
    looks_right(requester.page, 8)


def test_conversations(town: Town, tmp_path: Path) -> None:
    (tmp_path / "about.html").write_text(f"<h2>{HELLO}</h2><p>{MIXED}</p><ul><li>{MORE}</li></ul>", "utf-8")
    talk = free_talk(tmp_path)
    talk["blueprint"] |= {"task_description_file": str(tmp_path / "about.html"), "chat_title": HELLO}
    machine = Machine(tmp_path)
    one, other = town.person(), town.person()
    with serve({**talk, "task": {"name": "t", "title": HELLO}}, data_dir=machine.data_dir) as run:
        one.open(run.url, worker_id="x")
        other.open(run.url, worker_id="y")
        say(one.page, MIXED)
        expect(other.page.get_by_text(MIXED).last).to_be_visible()
        other.page.locator("#say").fill(MORE)
        looks_right(other.page, 6)
        looks_right(one.page, 5)
        other.look("chat-from-the-right")
        for person in (one, other):
            person.page.goto("about:blank")
    one.page.set_content(machine.rendered(1, "html"))
    looks_right(one.page, 1)


def test_fields_of_an_authors_page(person: Person, tmp_path: Path) -> None:
    (tmp_path / "task.html").write_text(
        '<html lang="en"><title>A page</title><h1>A page</h1><label>A <input name="a"></label>'
        '<label>B <textarea name="b"></textarea></label><div dir="ltr"><label>C <input name="c"></label></div>'
    )
    (tmp_path / "rows.json").write_text("[{}]")
    task = tmp_path / "task.yaml"
    task.write_text(json.dumps(config("static", task_source="task.html", data_json="rows.json")))
    with serve(task, data_dir=tmp_path / "data") as run:
        page = person.open(run.url, worker_id="x")
        for name in "ABC":
            page.get_by_label(name).fill(HELLO)
        sides = [page.get_by_label(name).evaluate("(field) => getComputedStyle(field).direction") for name in "ABC"]
        assert sides == ["rtl", "rtl", "ltr"]  # what the author says stays
