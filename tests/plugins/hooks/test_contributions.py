"""Plugins add metrics, pages and routes of the requester's origin: behind its login, and their faults are theirs."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from crowdcore import AdminPage, PluginError, RunHandle, hookimpl
from crowdcore.admin.access import Role, make_admin_token, make_login_link
from tests import web
from tests.plugins.hooks.conftest import Served


class Office:
    """Pages, routes and metrics, as an extension would have them."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.broken = False

    @hookimpl
    def register_admin_pages(self) -> list[AdminPage]:
        return [
            AdminPage("Notes & more", lambda: f"<p id='n'>{len(self.notes)} notes</p>"),
            AdminPage("By route", path="raw"),
            AdminPage("Broken", lambda: str(1 // 0), "broken"),
        ]

    @hookimpl
    def register_admin_routes(self) -> list[Any]:
        from starlette.responses import PlainTextResponse
        from starlette.routing import Mount, Route

        async def add(request: Any) -> Any:
            self.notes.append((await request.body()).decode())
            return PlainTextResponse(request.scope["crowd.role"])

        def broken(_: Any) -> Any:
            raise ValueError("SECRET")

        inside = Mount("/deep", routes=[Route("/er", lambda request: PlainTextResponse(str(request.url)))])
        return [Route("/raw", lambda _: PlainTextResponse("raw")), Route("/add", add, methods=["POST"]), inside,
                Route("/fails", broken)]  # fmt: skip

    @hookimpl
    def register_metrics(self) -> list[Any]:
        from prometheus_client import Gauge

        notes = Gauge("office_notes", "Notes", registry=None)

        class Collector:
            def collect(_self: Any) -> Any:  # noqa: N805
                if self.broken:
                    raise ValueError("the office is closed")
                notes.set(len(self.notes))
                return notes.collect()

        return [Collector()]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def run(served: Served, office: Office) -> RunHandle:
    return served(office)


def client(run: RunHandle, role: Role | None = "owner", *, session: bool = False) -> httpx.Client:
    """Somebody at the requester's pages, by a token or by a browser's session."""
    assert run.admin_url is not None
    key, database = run._host.setup.secret_key, run._host.setup.db
    found = web.Client(base_url=run.admin_url)
    if role is not None and session:
        assert found.get(make_login_link(database, key, run.admin_url, role)).is_success
    elif role is not None:
        found.headers["authorization"] = f"Bearer {make_admin_token(database, key, role, 1)}"
    return found


def test_a_page_stands_in_the_navigation_and_shows_what_is_now(run: RunHandle, office: Office) -> None:
    me = client(run, session=True)
    home = me.get("/").text
    assert '<a href="x/hooks/">Notes &amp; more</a>' in home
    assert '<a href="x/hooks/raw">By route</a>' in home
    assert "0 notes" in me.get("/x/hooks/").text
    office.notes.append("a")
    page = me.get("/x/hooks/")
    assert "<p id='n'>1 notes</p>" in page.text
    assert '<a href="../../x/hooks/" aria-current="page">' in page.text, "relative: it may stand behind a base path"
    assert 'href="../../admin.css"' in page.text
    assert me.get("/x/hooks/raw").text == "raw"
    assert me.get("/x/hooks/deep/er").text.endswith("/x/hooks/deep/er")


@pytest.mark.parametrize("path", ["/x/hooks/", "/x/hooks/raw", "/x/hooks/deep/er", "/x/hooks/add", "/x/other"])
def test_nobody_gets_there_who_is_not_logged_in(run: RunHandle, path: str) -> None:
    for method in ("GET", "POST"):
        reply = client(run, None).request(method, path)
        assert (reply.status_code, reply.json()["code"]) == (401, "bad_token")
    assert web.get(run.url + path[1:]).status_code == 404, "not on the workers' origin either"


def test_only_owners_change_something_and_only_from_the_pages(run: RunHandle, office: Office) -> None:
    assert client(run, "reader").post("/x/hooks/add", content="r").status_code == 403
    me = client(run, session=True)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}, {}):
        assert me.post("/x/hooks/add", content="forged", headers=headers).status_code == 403
    assert me.post("/x/hooks/add", content="page", headers={"sec-fetch-site": "same-origin"}).text == "owner"
    assert client(run).post("/x/hooks/add", content="token").text == "owner"
    assert office.notes == ["page", "token"]


def test_what_fails_there_is_named_in_the_log_and_hidden_on_the_page(
    run: RunHandle, caplog: pytest.LogCaptureFixture
) -> None:
    me = client(run, session=True)
    assert me.get("/x/hooks/fails").status_code == 500
    assert me.get("/x/hooks/broken", headers={"accept": "text/html"}).status_code == 502
    assert me.get("/x/hooks/nothing").status_code == 404
    assert "route /x/hooks/fails of plugin hooks: ValueError: SECRET (test_contributions.py:" in caplog.text
    assert "page 'Broken' of plugin hooks: ZeroDivisionError" in caplog.text
    assert "(test_contributions.py:" in caplog.text


def test_a_page_that_hangs_holds_nobody_else(served: Served) -> None:
    going, free = Event(), Event()

    def hangs() -> str:
        going.set()
        free.wait(60)
        return "late"

    @hookimpl
    def register_admin_pages() -> list[AdminPage]:
        return [AdminPage("Hangs", hangs)]

    run = served(register_admin_pages)
    me = client(run)
    asking = Thread(target=lambda: me.get("/x/hooks/"), daemon=True)
    asking.start()
    try:
        assert going.wait(60)
        assert client(run).get("/api/v1/runs").is_success
        assert web.get(run.url).is_success
    finally:
        free.set()
        asking.join(60)


def metrics(run: RunHandle) -> str:
    return web.get(run.url + "metrics").text


def test_metrics_stand_beside_the_core_s_own_and_one_that_fails_is_left_out(
    run: RunHandle, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.notes += ["a", "b"]
    assert "\noffice_notes 2.0\n" in metrics(run)
    assert "\ncrowd_units{" in metrics(run)
    office.broken = True
    for _ in range(3):
        assert "office_notes" not in metrics(run)
        assert "\ncrowd_units{" in metrics(run)
    assert caplog.text.count("register_metrics of plugin hooks: ValueError: the office is closed") == 1, "told once"
    office.broken = False
    assert "\noffice_notes 2.0\n" in metrics(run)


def made(name: str) -> Callable[[], list[Any]]:
    def register_metrics() -> list[Any]:
        from prometheus_client import Gauge

        return [Gauge(name, "Text", registry=None)]

    return hookimpl(register_metrics)


@pytest.mark.parametrize(
    ("hooks", "line"),
    [
        ([made("crowd_units")], "register_metrics of hooks: 'crowd_units' begins with 'crowd_'"),
        ([made("birds"), made("birds")], "'birds' is a metric of hooks 2 too; rename one"),
    ],
)
def test_names_that_are_taken_stop_the_launch(served: Served, hooks: list[Any], line: str) -> None:
    with pytest.raises(PluginError, match=line):
        served(*hooks)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ([7], r"register_admin_pages of hooks answered 7 \(int\); the hook wants crowdcore.AdminPage objects"),
        ([AdminPage(" ")], "each with a title"),
        ([AdminPage("A", "text")], "the page 'A', whose content cannot be called"),
        ([AdminPage("A", path="/a")], "the page 'A' at '/a'; a path is as in 'birds'"),
        ([AdminPage("A", path="a b")], "a path is as in 'birds'"),
        ([AdminPage("A"), AdminPage("B")], "two pages at ''; give one another path"),
    ],
)
def test_what_is_no_page_stops_the_launch(served: Served, answer: Any, line: str) -> None:
    @hookimpl
    def register_admin_pages() -> Any:
        return answer

    with pytest.raises(PluginError, match=line):
        served(register_admin_pages)


def test_what_is_no_route_or_metric_stops_the_launch(served: Served) -> None:
    @hookimpl
    def register_admin_routes() -> Any:
        return ["/a"]

    @hookimpl
    def register_metrics() -> Any:
        return [7]

    with pytest.raises(PluginError, match=r"register_admin_routes of hooks answered '/a'.*starlette"):
        served(register_admin_routes)
    with pytest.raises(PluginError, match=r"register_metrics of hooks answered 7.*prometheus_client"):
        served(register_metrics)
