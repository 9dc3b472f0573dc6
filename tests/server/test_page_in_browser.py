"""crowd.js in a real browser: a worker's day on one page, good and bad."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from crowdcore import RunHandle
from crowdcore.testing.server import until
from tests import web
from tests.e2e.people import wait_until


def submissions(run: RunHandle) -> int:
    lines = web.get(run.url + "metrics").text.splitlines()
    found = [line for line in lines if line.startswith("crowd_submissions_total{")]
    return int(float(found[0].rsplit(" ", 1)[1]))


def open_work(tab: BrowserContext, run: RunHandle, worker: str) -> Page:
    page = tab.new_page()
    page.goto(f"{run.url}?worker_id={worker}&assignment_id=1")
    expect(page.locator("#seen")).to_contain_text("work {")
    return page


def fill(page: Page, text: str) -> None:
    page.get_by_label("Text").fill(text)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send").click()


def thanked(page: Page) -> None:
    expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()


def test_an_answer_with_two_files_is_sent_and_thanked_for(run: RunHandle, tab: BrowserContext, tmp_path: Path) -> None:
    page = open_work(tab, run, "b-files")
    (tmp_path / "a.txt").write_bytes(b"a" * 100_000)
    (tmp_path / "b.txt").write_bytes(b"b")
    fill(page, "with files")
    page.get_by_label("File").set_input_files([tmp_path / "a.txt", tmp_path / "b.txt"])
    send(page)
    thanked(page)
    page.reload()
    thanked(page)


def test_a_draft_survives_a_reload_and_reaches_another_device(run: RunHandle, tab: BrowserContext) -> None:
    page = open_work(tab, run, "b-draft")
    with page.expect_response(lambda r: r.url.endswith("/draft")):
        fill(page, "half a thou")
    fill(page, "half a thought")  # not on the server yet
    page.reload()
    expect(page.get_by_label("Text")).to_have_value("half a thought")
    with page.expect_response(lambda r: r.url.endswith("/draft")):
        fill(page, "a whole thought")
    assert tab.browser is not None
    other = tab.browser.new_context()
    try:
        expect(open_work(other, run, "b-draft").get_by_label("Text")).to_have_value("a whole thought")
    finally:
        other.close()


def test_refused_answers_show_why_and_can_be_mended(run: RunHandle, tab: BrowserContext) -> None:
    page = open_work(tab, run, "b-refused")
    fill(page, "x")
    send(page)
    expect(page.locator("#error")).to_have_text('invalid {"text":["say more"]}')
    fill(page, "xyz")
    send(page)
    thanked(page)


def test_an_answer_sent_without_network_arrives_once_after_a_reload(run: RunHandle, tab: BrowserContext) -> None:
    page = open_work(tab, run, "b-offline")
    before = submissions(run)
    fill(page, "kept on the device")
    tab.set_offline(True)
    send(page)
    expect(page.get_by_role("status")).to_contain_text("saved on this device, sending")
    tab.route("**/submit", lambda route: route.abort())
    tab.set_offline(False)
    page.reload()
    expect(page.get_by_role("heading", name="Almost done")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("saved on this device, sending")
    assert submissions(run) == before
    tab.unroute("**/submit")
    thanked(page)
    until(lambda: submissions(run) == before + 1)  # counted a moment after the commit


def test_a_lost_answer_does_not_make_two_submissions(run: RunHandle, tab: BrowserContext, tmp_path: Path) -> None:
    page = open_work(tab, run, "b-lost")
    before = submissions(run)
    (tmp_path / "a.txt").write_bytes(b"a" * 10_000)
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    tab.route("**/submit", lose, times=1)
    fill(page, "sent twice")
    page.get_by_label("File").set_input_files(tmp_path / "a.txt")
    send(page)
    thanked(page)
    assert lost == [200]
    until(lambda: submissions(run) == before + 1)  # counted a moment after the commit


def test_answers_kept_by_a_closed_tab_are_sent_by_the_next_one(run: RunHandle, tab: BrowserContext) -> None:
    page = open_work(tab, run, "b-closed")
    before = submissions(run)
    tab.route("**/submit", lambda route: route.abort())
    fill(page, "left behind")
    send(page)
    expect(page.get_by_role("status")).to_contain_text("saved on this device")
    page.close()
    tab.unroute("**/submit")
    other = tab.new_page()
    with other.expect_response(lambda r: r.url.endswith("/submit")) as response:
        other.goto(f"{run.url}?worker_id=b-closed-too&assignment_id=1")
    assert response.value.status == 200
    until(lambda: submissions(run) == before + 1)  # counted a moment after the commit


def test_answers_refused_after_a_reload_come_back_into_the_form(run: RunHandle, tab: BrowserContext) -> None:
    page = open_work(tab, run, "b-mend")
    tab.route("**/submit", lambda route: route.abort())
    fill(page, "y")
    send(page)
    expect(page.get_by_role("status")).to_contain_text("saved on this device")
    tab.unroute("**/submit")
    page.reload()
    expect(page.locator("#seen")).to_contain_text("invalid")
    expect(page.get_by_label("Text")).to_have_value("y")
    expect(page.get_by_role("status")).to_contain_text("not accepted yet")


def test_procedures_errors_and_links_within_the_page(run: RunHandle, tab: BrowserContext) -> None:
    page = open_work(tab, run, "b-calls")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#answer")).to_have_text('{"echo":[1]}')
    with page.expect_request(lambda r: r.url.endswith("/error")) as report:
        page.get_by_role("button", name="Break").click()
    told = report.value.post_data_json
    assert told is not None
    assert "the page broke" in told["message"]
    assert "worker_id" not in str(told)
    page.get_by_role("link", name="To the end").click()
    assert "/task/" not in page.url
    expect(page.get_by_label("Text")).to_be_visible()


def test_work_is_given_back_after_asking(run: RunHandle, tab: BrowserContext) -> None:
    page = open_work(tab, run, "b-back")
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Keep working").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_role("heading", name="You gave this task back")).to_be_visible()


DOCUMENT: dict[str, Any] = {
    "agent": None, "token": None, "phase": "preview", "status": "preview", "live": False, "init": None,
    "draft": None, "deadline": None, "completion": None, "provider": {}, "frontend": {},
}  # fmt: skip


def test_a_provider_that_asks_for_names_has_them_asked(run: RunHandle, tab: BrowserContext) -> None:
    asking = {**DOCUMENT, "provider": {"ask_name": True, "welcome": "Welcome to the lab."}}
    tab.route("**/api/v1/agents", lambda route: route.fulfill(status=200, json=asking), times=1)
    page = tab.new_page()
    page.goto(f"{run.url}?assignment_id=7")
    expect(page.get_by_text("Welcome to the lab.")).to_be_visible()
    page.get_by_label("Your name or worker ID").fill(" b ask & go ")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(f"{run.url}?assignment_id=7&worker_id=b+ask+%26+go")
    expect(page.locator("#seen")).to_contain_text("work {")


def test_a_task_that_does_not_work_on_phones_says_so(run: RunHandle, browser: Browser) -> None:
    blocked = {**DOCUMENT, "frontend": {"block_mobile": True}}
    phone = browser.new_context(is_mobile=True, viewport={"width": 360, "height": 640}, user_agent="Android Mobile")
    phone.route("**/api/v1/agents", lambda route: route.fulfill(status=200, json=blocked))
    page = phone.new_page()
    page.goto(run.url)
    expect(page.get_by_role("heading", name="Please use a computer")).to_be_visible()
    phone.close()


def test_the_preview_says_so(run: RunHandle, tab: BrowserContext) -> None:
    page = tab.new_page()
    page.goto(run.url)
    expect(page.get_by_text("This is a preview.")).to_be_visible()
    expect(page.locator("#seen")).to_contain_text("preview")


PROBLEMS = {
    "not_qualified": (403, "This task is not open to you", None),
    "blocked": (403, "You cannot work on this", None),
    "no_available_units": (409, "Everything is taken just now", "Look again"),
    "too_many_units": (409, "You have done your share", None),
    "too_many_open": (409, "You have another task open", "Try again"),
    "address_full": (429, "Many people work from your network", "Try again"),
    "run_over": (409, "This study has ended", None),
    "expired": (409, "The time for this task is over", "Start again"),
    "not_acceptable_now": (409, "This does not work just now", "Try again"),
    "invalid": (422, "This link does not work", None),
}


@pytest.mark.parametrize("code", PROBLEMS)
def test_each_refusal_has_its_own_page(run: RunHandle, tab: BrowserContext, code: str) -> None:
    status, title, way_on = PROBLEMS[code]
    document = {"code": code, "status": status, "detail": f"Detail of {code}.", "title": "x", "retry_after": 60}
    tab.route("**/api/v1/agents", lambda route: route.fulfill(status=status, json=document))
    page = tab.new_page()
    page.goto(f"{run.url}?worker_id=b-{code}")
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert page.title() == title
    if way_on:
        tab.unroute("**/api/v1/agents")
        page.get_by_role("button", name=way_on).click()
        expect(page.locator("#seen")).to_contain_text("work {")


def test_a_server_that_is_busy_for_a_moment_is_waited_for(run: RunHandle, tab: BrowserContext) -> None:
    busy = {"code": "busy", "status": 503, "detail": "", "retry_after": 0.1}
    tab.route("**/api/v1/agents", lambda route: route.fulfill(status=503, json=busy), times=2)
    open_work(tab, run, "b-busy")


def test_a_session_that_the_server_forgot_starts_anew(run: RunHandle, tab: BrowserContext) -> None:
    page = open_work(tab, run, "b-forgot")
    gone = {"code": "unknown_agent", "status": 404, "detail": ""}
    tab.route("**/api/v1/agents/*", lambda route: route.fulfill(status=404, json=gone), times=1)
    page.reload()
    expect(page.locator("#seen")).to_contain_text("work {")


COMPLETIONS: dict[str, dict[str, Any]] = {
    "redirect": {"kind": "redirect", "url": "/healthz?code=C1", "fields": {}},
    "post": {"kind": "post", "url": "/healthz", "fields": {"assignmentId": "A", "n": 1}},
    "message": {"kind": "thanks", "url": None, "fields": {"message": "See you on Monday."}},
    "stored": {"kind": "thanks", "url": None, "fields": {"stored": {"text": "<b>raw</b>"}, "next": True}},
}


@pytest.mark.parametrize("kind", COMPLETIONS)
def test_a_visit_ends_as_the_provider_says(run: RunHandle, tab: BrowserContext, kind: str) -> None:
    completion = dict(COMPLETIONS[kind])
    if completion["url"]:
        completion["url"] = run.url.rstrip("/") + completion["url"]
    answer = {"status": "completed", "feedback": None, "next": None, "completion": completion}
    page = open_work(tab, run, f"b-{kind}")
    tab.route("**/submit", lambda route: route.fulfill(status=200, json=answer))
    fill(page, "the end")
    send(page)
    if kind == "redirect":
        page.wait_for_url("**/healthz?code=C1")
    elif kind == "post":
        page.wait_for_url("**/healthz")
    elif kind == "message":
        expect(page.get_by_text("See you on Monday.")).to_be_visible()
    else:
        expect(page.get_by_text("<b>raw</b>")).to_be_visible()
        page.get_by_role("button", name="Next task").click()
        expect(page.locator("#seen")).to_be_visible()


def test_nearing_the_end_is_announced_and_the_end_is_a_page(run: RunHandle, tab: BrowserContext) -> None:
    page = tab.new_page()
    page.clock.install()
    page.goto(f"{run.url}?worker_id=b-deadline&assignment_id=1")
    expect(page.locator("#seen")).to_contain_text("work {")
    wait_until(page, 4.5 * 60)
    expect(page.get_by_role("status")).to_contain_text("5 minutes left.")
    wait_until(page, 30)
    expect(page.get_by_role("status")).to_contain_text("One minute left.")
    over = {"agent": 1, "token": "t", "phase": "done", "status": "timed_out", "deadline": None,
            "completion": {"kind": "thanks", "url": None, "fields": {"outcome": "timed_out"}}}  # fmt: skip
    tab.route("**/api/v1/agents/*", lambda route: route.fulfill(status=200, json=over))
    page.clock.fast_forward("01:00")
    expect(page.get_by_role("heading", name="The time for this task is over")).to_be_visible()
    expect(page.get_by_role("button", name="Start again")).to_be_visible()
