"""Every answer carries the security headers, whoever gives it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from crowdcore import RunHandle
from crowdcore.testing import Browserless
from tests import web

HEADERS = ("content-security-policy", "x-content-type-options", "referrer-policy")


def check(reply: httpx.Response, status: int) -> None:
    assert reply.status_code == status, reply.url
    assert [name for name in HEADERS if len(reply.headers.get_list(name)) != 1] == []
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "server" not in reply.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 200), ("task/page.js", 200), ("task/nothing", 404), ("task/crowd.js", 307), ("crowd.js", 200),
     ("crowd.css", 200), ("favicon.ico", 204), ("nothing", 404), ("healthz", 200), ("metrics", 200),
     ("api/v1/openapi.json", 200), ("api/v1/agents", 405), ("api/v1/agents/1", 401), ("api/v1/agents/1/x/y/z", 404)],
)  # fmt: skip
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_of_the_workers_origin(run: RunHandle, path: str, status: int, accept: str) -> None:
    check(web.get(run.url + path, headers={"Accept": accept}), status)
    check(httpx.head(run.url + path, headers={"Accept": accept}), status)


@pytest.mark.parametrize("path", ["crowd.js", "task/page.js"])
def test_of_what_has_not_changed(run: RunHandle, path: str) -> None:
    tag = web.get(run.url + path).headers["etag"]
    check(web.get(run.url + path, headers={"If-None-Match": tag}), 304)


def test_of_parts_of_files(run: RunHandle) -> None:
    check(web.get(run.url + "task/page.js", headers={"Range": "bytes=0-3"}), 206)
    check(web.get(run.url + "task/page.js", headers={"Range": "bytes=9999999-"}), 416)


def test_of_the_calls_of_an_agent(new_worker: Callable[[], Browserless]) -> None:
    worker = new_worker()
    check(worker.reply, 201)
    check(worker.call("GET", ""), 200)
    check(worker.call("PUT", "/draft", json={}), 204)
    check(worker.call("POST", "/submit", json={"data": {}}), 422)
    check(worker.call("OPTIONS", "/draft"), 204)


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 401), ("login", 401), ("healthz", 200), ("admin.js", 200), ("api/v1/runs", 401), ("nothing", 401)],
)
def test_of_the_admin_origin(run: RunHandle, path: str, status: int) -> None:
    for accept in ("text/html", "*/*"):
        reply = web.get(f"{run.admin_url}{path}", headers={"Accept": accept})
        check(reply, status)
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]


def test_of_the_admin_pages_for_who_is_logged_in(run: RunHandle) -> None:
    with web.Client(base_url=str(run.admin_url)) as browser:
        check(browser.get(run.admin_link()), 200)
        check(browser.get(""), 200)
        check(browser.get("api/v1/runs"), 200)
        check(browser.get("api/v1/runs/nothing"), 404)
        check(browser.get("access"), 200)
        check(browser.get("", headers={"Host": "a.example"}), 421)
        check(browser.post("logout", data={"csrf": "x"}), 403)
        tag = browser.get("admin.js").headers["etag"]
        check(browser.get("admin.js", headers={"If-None-Match": tag}), 304)


def test_of_refused_sockets(run: RunHandle) -> None:
    for url in (f"{run.url}nothing", f"{run.admin_url}live"):
        with pytest.raises(InvalidStatus) as refusal:
            connect(url.replace("http", "ws", 1), proxy=None)
        response = refusal.value.response
        assert response.status_code == 403
        assert [name for name in HEADERS if name not in response.headers] == []
