"""Author's pages of every kind in a real browser: they run as written, and what is entered arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from crowdcore import RunHandle
from crowdcore.testing import serve
from tests.e2e.people import Person

Start = Callable[..., RunHandle]
THANKS = "Thank you!"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Serves a static task: `start(html, [rows], csp=…)`."""
    with ExitStack() as stack:

        def run(html: str, rows: list[dict[str, Any]] | None = None, **options: Any) -> RunHandle:
            (tmp_path / "task.html").write_text(html, "utf-8")
            (tmp_path / "rows.json").write_text(json.dumps(rows or [{"n": 1}]), "utf-8")
            blueprint = {"type": "static", "task_source": "task.html", "data_json": "rows.json", **options}
            task = {"task": {"name": "t"}, "blueprint": blueprint, "architect": {"type": "local", "port": 0}}
            if (tmp_path / "hooks.py").exists():
                task["hooks"] = "hooks.py"  # type: ignore[assignment]
            (tmp_path / "task.yaml").write_text(json.dumps(task), "utf-8")
            return stack.enter_context(serve(tmp_path / "task.yaml", data_dir=tmp_path / "data"))

        yield run


def sent(page: Page, press: Callable[[], None]) -> dict[str, Any]:
    """The data of the submission that `press` causes, once it is stored."""
    with page.expect_response(lambda answer: answer.url.endswith("/submit")) as answered:
        press()
    answer = answered.value
    assert answer.status == 200, answer.text()
    stored_data: dict[str, Any] = answer.json()["completion"]["fields"]["stored"]
    return stored_data


def opened(person: Person, run: RunHandle) -> Page:
    return person.open(run.url, worker_id="x", assignment_id="1")


EVERY_FIELD = """<h1>Fields</h1>
<input name="text" value="given"> <input name="hidden" type="hidden" value="kept"> <textarea name="area"></textarea>
<select name="one"><option value="">-</option><option value="b">B</option></select>
<select name="many" multiple><option>a</option><option>b</option><option>c</option></select>
<label><input type="checkbox" name="alone" value="yes"> alone</label> <input type="checkbox" name="left">
<label><input type="checkbox" name="group" value="1"> one</label> <input type="checkbox" name="group" value="2">
<label><input type="checkbox" name="group" value="3"> three</label>
<input type="checkbox" name="nobody" value="1"> <input type="checkbox" name="nobody" value="2">
<label><input type="radio" name="pick" value="l"> l</label><input type="radio" name="pick" value="r">
<input type="radio" name="unpicked" value="l"> <input type="radio" name="unpicked" value="r">
<input name="twice" value="1"> <input name="twice" value="2"> <input name="off" value="x" disabled>
<input name="__proto__" value="p"> <input type="number" name="number" value="2.50"> <input value="nameless">
<input type="file" name="empty"> <input type="file" name="files" multiple>"""


def test_every_named_field_arrives_without_a_line_of_script(start: Start, person: Person, tmp_path: Path) -> None:
    run = start(EVERY_FIELD)
    page = opened(person, run)
    page.locator("textarea").fill("line\nline")
    page.locator("[name=one]").select_option("b")
    page.locator("[name=many]").select_option(["a", "c"])
    for name in ("alone", "one", "three"):
        page.get_by_label(name, exact=True).check()
    page.get_by_label("l", exact=True).check()
    (tmp_path / "f.bin").write_bytes(bytes(range(256)))
    page.locator("[name=files]").set_input_files(tmp_path / "f.bin")
    data = sent(page, lambda: person.press("Submit"))
    (file,) = data.pop("files")
    assert (file["name"], file["size"]) == ("f.bin", 256)
    assert data == {
        "text": "given", "hidden": "kept", "area": "line\nline", "one": "b", "many": ["a", "c"], "alone": "yes",
        "left": None, "group": ["1", "3"], "nobody": [], "pick": "l", "unpicked": None, "twice": ["1", "2"],
        "__proto__": "p", "number": "2.50", "empty": [],
    }  # fmt: skip
    person.sees(THANKS)


MTURK = """<!-- Begin -->
<script src="https://s3.example/mturk-public/externalHIT_v1.js" type="text/javascript"></script>
<form name="mturk_form" method="post" id="mturk_form" action="https://www.mturk.example/mturk/externalSubmit">
<input type="hidden" value="" name="assignmentId" id="assignmentId" />
<section class="container"><p>Is <b>${thing}</b> alive?</p>
<script language="Javascript">var subject = '${thing}'; var ids = ${ids};</script>
<input id="fixed" name="fixed" type="hidden"> <label><input type="radio" name="alive" value="yes"> Yes</label>
<script>document.getElementById('fixed').value = subject + ids.length;</script>
</section>
<p><input type="submit" id="submitButton" value="Send it" /></p>
</form>
<script language="Javascript">turkSetAssignmentID();</script>
"""


def test_a_whole_mturk_template_runs_unchanged(start: Start, person: Person) -> None:
    run = start(MTURK, [{"thing": 'a "lichen" <i>\'', "ids": "[1, 2, 3]"}])
    served_elsewhere(person, {"https://s3.example/mturk-public/externalHIT_v1.js": "window.amazon = true;"})
    page = person.open(run.url, worker_id="x", assignment_id="1", assignmentId="A1")
    expect(page.locator("b")).to_have_text('a "lichen" <i>\'')
    expect(page.get_by_role("button", name="Submit")).to_have_count(0)
    page.get_by_label("Yes").check()
    data = sent(page, lambda: person.press("Send it"))
    assert data == {"assignmentId": "A1", "fixed": 'a "lichen" <i>\'3', "alive": "yes"}
    person.sees(THANKS)
    assert page.url.startswith(run.url)


def served_elsewhere(person: Person, files: dict[str, str]) -> None:
    """Other hosts of the web, as far as the browser can tell."""

    def answer(route: Route) -> None:
        url = route.request.url
        route.fulfill(body=files[url], content_type="text/css" if url.endswith(".css") else "text/javascript")

    for url in files:
        person.context.route(url, answer)
        person._origins.add("/".join(url.split("/", 3)[:3]))


DOCUMENT = """<!doctype html><html lang="de" class="whole"><head><title>Seite ${n}</title>
<style>#seen { color: rgb(1, 2, 3); }</style><link rel="stylesheet" href="https://cdn.example/a.css">
<script>var order = ['head'];</script><script defer src="deferred.js"></script>
<script type="module">order.push('module ' + document.querySelectorAll('p').length);</script>
<script src="https://cdn.example/lib.js"></script><script>order.push('after ' + lib);</script></head>
<body id="own" data-x="1" onload="order.push('onload'); document.getElementById('log').value = order.join()">
<p id="seen">seen</p><script>order.push(document.currentScript.previousElementSibling.id);</script>
<script>document.write('<p id=written>written</p>'); order.push(crowd.work.phase);</script>
<script>document.addEventListener('DOMContentLoaded', () => order.push('ready'));</script>
<script>const shared = 7;</script><script>order.push(shared); broken();</script><script>order.push('on');</script>
<script type="application/json" id="data">{"a": "${n}"}</script>
<input name="log" id="log"><button type="submit" name="verdict" value="fine">Fine</button>
</body></html>"""


def test_a_whole_document_runs_in_its_own_order(start: Start, person: Person, tmp_path: Path) -> None:
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "deferred.js").write_text("order.push('deferred');")
    run = start(DOCUMENT, extra_source_dir="extra")
    served_elsewhere(
        person, {"https://cdn.example/lib.js": "var lib = 'lib';", "https://cdn.example/a.css": "p { margin: 3px }"}
    )
    page = opened(person, run)
    expect(page.locator("#log")).not_to_have_value("")
    assert page.locator("#log").input_value() == ("head,after lib,seen,work,7,on,deferred,module 2,ready,onload")
    assert page.title() == "Seite 1"
    assert page.evaluate("[document.documentElement.lang, document.body.id, document.body.dataset.x]") == [
        "de",
        "own",
        "1",
    ]
    expect(page.locator("#seen")).to_have_css("color", "rgb(1, 2, 3)")
    expect(page.locator("#written")).to_have_css("margin", "3px")
    assert sent(page, lambda: person.press("Fine"))["verdict"] == "fine"
    person.sees(THANKS)
    person.faults[:] = [fault for fault in person.faults if "broken is not defined" not in fault]


LOADS = """<h1>Loads</h1><script>
const script = document.createElement('script');
script.src = 'https://late.example/a.js';
document.head.append(script);
</script>"""
LATE = {"https://late.example/a.js": "document.querySelector('h1').textContent = 'Loaded';"}


def test_a_script_that_the_policy_does_not_allow_stays_out(start: Start, person: Person) -> None:
    run = start(LOADS)
    person.expects("violates the following Content Security Policy")
    served_elsewhere(person, LATE)
    page = opened(person, run)
    expect(page.get_by_role("button", name="Submit")).to_be_visible()
    expect(page.get_by_role("heading")).to_have_text("Loads")


def test_a_declared_source_is_loaded(start: Start, person: Person) -> None:
    run = start(LOADS, csp={"script-src": ["https://late.example"]})
    served_elsewhere(person, LATE)
    expect(opened(person, run).get_by_role("heading")).to_have_text("Loaded")


def test_a_page_without_inputs_can_be_sent(start: Start, person: Person) -> None:
    run = start("<h1>Look at this</h1>")
    page = opened(person, run)
    assert sent(page, lambda: person.press("Submit")) == {}


def test_a_script_may_hide_the_button_and_submit_by_itself(start: Start, person: Person) -> None:
    run = start(
        "<h1>Game</h1><input name=a value=1><button type=button id=b>Done</button>"
        "<script>crowd.hideSubmitButton(); document.getElementById('b').onclick ="
        " () => crowd.work.submit({score: 7, was: crowd.answers()});</script>"
    )
    page = opened(person, run)
    expect(page.get_by_role("button", name="Done")).to_be_visible()
    expect(page.get_by_role("button", name="Submit")).to_have_count(0)
    assert sent(page, lambda: person.press("Done")) == {"score": 7, "was": {"a": "1"}}


def test_a_form_that_posts_elsewhere_stays_here(start: Start, person: Person) -> None:
    run = start(
        "<form action='https://elsewhere.example/take' method=post target=_blank><input name=a value=1>"
        "<button type=button onclick='this.form.submit()'>Go</button></form><form><input name=b value=2></form>"
    )
    page = opened(person, run)
    assert sent(page, lambda: person.press("Go")) == {"a": "1", "b": "2"}
    person.sees(THANKS)


def test_a_platform_that_wants_a_post_at_the_end_gets_it(start: Start, person: Person, tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text(
        "from crowdcore import Completion, hookimpl\n"
        "@hookimpl\ndef provider_page(inner): return {**inner(), 'csp': {'form-action': ['https://platform.example']}}\n"
        "@hookimpl\ndef provider_complete(visit):\n"
        "    return Completion('post', 'https://platform.example/taken', {'visit': visit.external_id})\n"
    )
    run = start("<form action=/mine><input name=a value=1></form>")
    served_elsewhere(person, {"https://platform.example/taken": "taken"})
    page = opened(person, run)
    with page.expect_request("https://platform.example/taken") as posted:
        person.press("Submit")
    assert (posted.value.method, posted.value.post_data) == ("POST", "visit=1")


def test_the_browsers_own_checks_and_the_pages_come_first(start: Start, person: Person) -> None:
    run = start(
        "<input name=word required><script>document.addEventListener('submit', (event) => {"
        " if (crowd.answers().word === 'no') event.preventDefault(); }, true);</script>"
    )
    page = opened(person, run)
    person.press("Submit")
    assert page.evaluate("document.activeElement.name") == "word"
    page.locator("input").fill("no")
    person.press("Submit")
    expect(page.locator("input")).to_be_visible()
    page.locator("input").fill("yes")
    assert sent(page, lambda: page.locator("input").press("Enter")) == {"word": "yes"}
