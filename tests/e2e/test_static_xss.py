"""Text from data and from workers never becomes script, wherever an author's page puts it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from crowdcore.testing import Machine, serve
from tests.e2e.people import Person

PAYLOADS = [
    "<script>pwned()</script>",
    "<img src=x onerror=pwned()>",
    '"><svg onload=pwned()>',
    "' onmouseover=pwned() autofocus onfocus=pwned() x='",
    "x onfocus=pwned() autofocus tabindex=1",
    "</script><script>pwned()</script>",
    "</style><script>pwned()</script>",
    "</textarea></title><img src=x onerror=pwned()>",
    "--><script>pwned()</script><!--",
    "javascript:pwned()",
    " jAvA\tscript:pwned()//",
    "data:text/html,<script>parent.pwned()</script>",
    "');pwned();//",
    '";pwned();//',
    "\\",
    "pwned()",
    "[pwned()]",
    "${pwned()}",
    "`+pwned()+`",
    "\u2028pwned()//",
    "*/pwned()/*",
    "</script ><img src=x onerror=pwned()>\n\rpwned()//",
    "&quot;);pwned();//",
    "#{background:url(javascript:pwned())}",
    "{{constructor.constructor('pwned()')()}}",
    "\U0001f600\"'<>&",
]
PAGE = """<!doctype html><html><head><title>${a}</title><style>#s { content: "${a}"; color: ${b}; }</style>
<script>var pwnedBy = null; function pwned() { pwnedBy = true; }
var faults = []; addEventListener('error', (e) => { if (e.filename) faults.push(e.message); });</script>
</head><body>
<h1 id="text">${a}</h1><p id=bare title=${a} data-x='${a}${b}'>${b}</p><textarea id="area">${a}</textarea>
<a id="link" href="${a}">link</a> <a id="twice" href="${a}${b}">twice</a> <a id="part" href="/find?q=${a}">part</a>
<a id="code" href="javascript:void('${a}')">code</a> <iframe src="${a}" hidden></iframe>
<button type="button" id="handler" onclick="seen = ['${a}', ${b}]; event.preventDefault()">handler</button>
<button type="button" id="quoted" onclick='seen = [&quot;${a}&quot;, "${b}"]'>quoted</button>
<div id="style" style="color: ${a}; background: url('${b}')">style</div>
<script>var inString = '${a}' + "${b}"; var value = ${a}; var other = [${a}, ${b}]; // ${a}
var mine = `${inString}`; var quotient = 4 / 2; var text = "${a}"; /* ${b} */</script>
<script type="application/json" id="json">{"a": "${a}", "b": ${b}}</script>
<script type="text/template" id="template"><b class="${a}">${a}</b></script>
<!-- ${a} --><input name="kept" value="${a}"><input type="file" name="file">
</body></html>"""


_CLICK = """(place) => {
  const link = document.querySelector(place);
  if (!link.getAttribute('href').startsWith('javascript:')) link.addEventListener('click', (e) => e.preventDefault());
  link.click();
}"""


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_data_stays_data_in_every_place_of_a_page(person: Person, tmp_path: Path, kind: str) -> None:
    (tmp_path / "task.html").write_text(PAGE, "utf-8")
    rows = [{"a": payload, "b": payload} for payload in PAYLOADS]
    if kind == "csv":
        with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["a", "b"])
            writer.writeheader()
            writer.writerows(rows)
    else:
        (tmp_path / "rows.json").write_text(json.dumps(rows), "utf-8")
    task = {"task": {"name": "t", "max_open_units_per_worker": 0},
            "blueprint": {"type": "static", "task_source": "task.html", f"data_{kind}": f"rows.{kind}"},
            "architect": {"type": "local", "port": 0}}  # fmt: skip
    (tmp_path / "task.yaml").write_text(json.dumps(task), "utf-8")
    person.expects(".*")  # addresses that lead nowhere are told by the browser
    with serve(tmp_path / "task.yaml", data_dir=tmp_path / "data") as run:
        for at, payload in enumerate(PAYLOADS):
            page = person.open(run.url, worker_id="w", assignment_id=str(at))
            shows(page, payload)
    person.faults.clear()


def shows(page: Page, payload: str) -> None:
    expect(page.get_by_role("button", name="Submit")).to_be_attached()
    seen = page.evaluate(
        """() => ({text: document.querySelector('#text').textContent, title: document.title,
        bare: document.querySelector('#bare').title, both: document.querySelector('#bare').dataset.x,
        area: document.querySelector('#area').value, inString, mine, text2: text, value, other,
        json: JSON.parse(document.querySelector('#json').textContent),
        elements: document.querySelectorAll('body svg, body img').length,
        kept: document.querySelector('[name=kept]').value, faults: faults,
        attributes: [...document.querySelectorAll('#bare, #link, #text')].flatMap((e) => e.getAttributeNames())})"""
    )
    as_html = payload.replace("\r\n", "\n").replace("\r", "\n")  # as HTML reads line ends
    assert (seen["text"], seen["bare"], seen["both"], seen["area"]) == (as_html, payload, payload * 2, as_html)
    assert (seen["inString"], seen["mine"], seen["text2"]) == (payload * 2, payload * 2, payload)
    assert (seen["value"], seen["other"], seen["json"]) == (payload, [payload] * 2, {"a": payload, "b": payload})
    assert seen["elements"] == 0
    assert sorted(seen["attributes"]) == ["data-x", "href", "id", "id", "id", "title"]
    for place in ("#link", "#twice", "#part", "#code"):
        page.evaluate(_CLICK, place)
    for place in ("#handler", "#quoted"):
        page.evaluate("(place) => document.querySelector(place).click()", place)
        assert page.evaluate("seen") == [payload, payload]
    assert page.evaluate("pwnedBy") is None
    assert seen["faults"] == []


def test_workers_names_answers_and_file_names_stay_text(person: Person, tmp_path: Path) -> None:
    (tmp_path / "task.html").write_text(
        "<script>function pwned() { window.pwnedBy = 1; }</script><input name=a><input type=file name=f multiple>",
        "utf-8",
    )
    (tmp_path / "rows.json").write_text(json.dumps([{"n": n} for n in range(len(PAYLOADS))]), "utf-8")
    blueprint = {"type": "static", "task_source": "task.html", "data_json": "rows.json"}
    task = {"task": {"name": "t"}, "blueprint": blueprint, "architect": {"type": "local", "port": 0}}
    (tmp_path / "task.yaml").write_text(json.dumps(task), "utf-8")
    page = person.page
    page.add_init_script("window.pwned = () => { window.pwnedBy = 1; };")
    machine = Machine(tmp_path)
    with serve(tmp_path / "task.yaml", data_dir=machine.data_dir) as run:
        for at, payload in enumerate(PAYLOADS[:8]):
            person.open(run.url, worker_id=quote(payload), assignment_id=quote(f"{at}{payload}"))
            page.locator("[name=a]").fill(payload)
            file = {"name": payload.replace("/", "-") + ".txt", "mimeType": "text/html", "buffer": payload.encode()}
            page.locator("[name=f]").set_input_files([file])  # type: ignore[list-item]
            person.press("Submit")
            person.sees("Thank you!")
            expect(page.locator("body")).to_contain_text(payload)
            assert page.evaluate("window.pwnedBy") is None
    rows = machine.exported("t")
    assert [row["data"]["a"] for row in rows] == PAYLOADS[:8]
    assert [row["worker"] for row in rows] == PAYLOADS[:8]
    for row in rows:
        html = machine.rendered(row["agent"], "html")
        assert "<script" not in html
        assert "<img" not in html
        assert "<svg" not in html
