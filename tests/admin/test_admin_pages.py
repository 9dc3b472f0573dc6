"""The admin origin: a link that works once, sessions, bearer tokens, forged posts, and the page of runs."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from crowdcore import RunHandle
from crowdcore.admin.access import make_admin_token, make_login_link
from crowdcore.store import Database
from crowdcore.testing import Browserless
from tests import web


@pytest.fixture
def admin(run: RunHandle) -> str:
    """Address of the admin pages, without a slash at its end."""
    assert run.admin_url is not None
    return run.admin_url.rstrip("/")


def logged_in(run: RunHandle) -> httpx.Client:
    client = web.Client(base_url=str(run.admin_url).rstrip("/"))
    assert client.get(run.admin_link()).status_code == 200
    return client


def test_it_is_another_origin_and_the_workers_side_knows_nothing_of_it(run: RunHandle, admin: str) -> None:
    assert urlsplit(admin).port != urlsplit(run.url).port
    for path in ("api/v1/runs", "login", "admin.js"):
        assert web.get(run.url + path).status_code == 404


def test_strangers_see_how_to_log_in_and_nothing_else(admin: str) -> None:
    page = web.get(admin)
    assert page.status_code == 401
    assert "crowd admin login" in page.text
    for path in ("/api/v1/runs", "/api/v1/runs/edges-1", "/nothing"):
        reply = web.get(admin + path)
        assert (reply.status_code, reply.json()["code"]) == (401, "bad_token")


def test_a_link_works_once(run: RunHandle) -> None:
    link = run.admin_link()
    assert httpx.head(link).status_code == 401  # who only looks does not use it up
    first = web.get(link)
    assert first.status_code == 200
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    second = web.get(link)
    assert (second.status_code, "set-cookie" in second.headers) == (401, False)
    assert "used already" in second.text


def test_a_made_up_link_and_a_made_up_cookie_get_nowhere(admin: str, secret: bytes, database: Database) -> None:
    assert web.get(make_login_link(database, b"another key, 32 bytes or longer!", admin)).status_code == 401
    name = f"crowd_admin_{urlsplit(admin).port}"
    forged = make_admin_token(database, secret, "owner", 1)  # ours, but for another purpose
    assert web.get(admin + "/api/v1/runs", headers={"Cookie": f"{name}={forged}"}).status_code == 401


def test_an_old_link_does_not_work(run: RunHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crowdcore.admin.access.LINK_SECONDS", -1.0)
    assert web.get(run.admin_link()).status_code == 401


def test_runs_as_json_by_session_and_by_bearer_token(
    run: RunHandle, admin: str, secret: bytes, database: Database, new_worker: Callable[[], Browserless]
) -> None:
    new_worker().submit({"text": "seen by the admin"})
    by_session = logged_in(run).get("/api/v1/runs").json()["runs"]
    token = make_admin_token(database, secret, "reader", 1)
    by_token = web.get(admin + "/api/v1/runs/edges-1", headers={"Authorization": f"Bearer {token}"}).json()
    assert [one["name"] for one in by_session] == ["edges-1"]
    assert by_token["status"] == "running"
    assert by_token["served"]
    assert by_token["submissions"] >= 1
    assert by_token["units"]["completed"] == by_token["submissions"]
    assert by_token["url"] == run.url
    assert any(event["kind"] == "unit_submitted" for event in by_token["events"])


def test_an_unknown_run_and_a_wrong_token_are_problem_documents(
    run: RunHandle, admin: str, secret: bytes, database: Database
) -> None:
    client = logged_in(run)
    assert client.get("/api/v1/runs/nothing").json()["code"] == "unknown_run"
    assert client.post("/api/v1/runs").status_code == 405
    old = make_admin_token(database, secret, "owner", -1)
    for token in ("", "x", old):
        reply = web.get(admin + "/api/v1/runs", headers={"Authorization": f"Bearer {token}x"})
        assert reply.status_code == 401


def test_a_form_from_elsewhere_does_nothing(run: RunHandle) -> None:
    client = logged_in(run)
    assert client.post("/logout", data={"other": "1"}).json()["code"] == "refused"
    assert client.post("/logout", data={"csrf": "0" * 64}).status_code == 403
    csrf = client.get("/").text.split('name="csrf" value="')[1].split('"')[0]
    assert client.post("/logout", data={"csrf": csrf}, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert client.get("/").status_code == 200
    assert client.post("/logout", data={"csrf": csrf}).status_code == 303
    assert client.get("/").status_code == 401


def test_scripts_of_others_do_not_run_here(admin: str) -> None:
    headers = web.get(admin).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"


def test_the_page_shows_runs_live(run: RunHandle, tab: BrowserContext, new_worker: Callable[[], Browserless]) -> None:
    page = tab.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(run.admin_link())
    card = page.get_by_role("article", name="edges-1")
    expect(card.get_by_text("running")).to_be_visible()
    before = int(card.locator("dt:has-text('Submissions') + dd").inner_text())
    new_worker().submit({"text": "while you watch"})
    expect(card.locator("dt:has-text('Submissions') + dd")).to_have_text(str(before + 1))
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert not [p for p in problems if "401" not in p]
