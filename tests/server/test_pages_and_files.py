"""The task's page and files, our own files, and the routes of extensions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from crowdcore import RunHandle, hookimpl
from crowdcore.server.pages import with_base
from crowdcore.testing import serve
from tests import web


class Extras:
    """A page that declares what it loads, a file, and two routes."""

    @hookimpl
    def blueprint_build(self, build_dir: Path) -> None:
        (build_dir / "index.html").write_text("<!doctype html><title>x</title><script src='crowd.js'></script>")
        (build_dir / "sound.wav").write_bytes(bytes(range(256)))

    @hookimpl
    def blueprint_frontend(self) -> dict[str, Any]:
        return {"title": "Extras", "csp": {"img-src": ["https://images.example"]}}

    @hookimpl
    def register_routes(self) -> list[Any]:
        def broken(_: Any) -> Any:
            raise ValueError("SECRET")

        return [Route("/hello", lambda _: PlainTextResponse("hello")), Route("/broken", broken)]


@pytest.fixture(scope="module")
def extras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunHandle]:
    task = {"name": "extras", "title": "Extras", "description": "For tests", "reward": "0.10"}
    whole = {"task": task, "blueprint": {"type": "mock"}, "provider": {"type": "mock"}}
    with serve(whole, data_dir=tmp_path_factory.mktemp("data"), hooks=[Extras()]) as handle:
        yield handle


def test_the_page_gets_the_policy_its_blueprint_declares(extras: RunHandle) -> None:
    page = web.get(extras.url)
    assert "img-src 'self' data: blob: https://images.example" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "images.example" not in web.get(extras.url + "hello").headers["content-security-policy"]


def test_relative_addresses_on_the_page_mean_the_tasks_files(extras: RunHandle) -> None:
    page = web.get(extras.url).text
    assert page.startswith('<!doctype html><base href="task/">')
    client = web.get(extras.url + "task/crowd.js", follow_redirects=True)
    assert client.url.path == "/crowd.js"
    assert client.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    ("page", "start"),
    [
        (b'<html><HEAD lang="x"><title>', b'<html><HEAD lang="x"><base href="task/">'),
        (b"<header>no head</header>", b'<base href="task/">'),
        (b"<!DOCTYPE html>\n<html>", b'<!DOCTYPE html><base href="task/">'),
        (b'<head><base href="/elsewhere/"></head>', b'<head><base href="/elsewhere/"></head>'),
        (b"", b'<base href="task/">'),
    ],
)
def test_the_base_comes_first_unless_the_page_has_one(page: bytes, start: bytes) -> None:
    assert with_base(page).startswith(start)


def test_files_are_asked_for_again_only_when_they_changed(extras: RunHandle) -> None:
    for path in ("task/sound.wav", "crowd.js", "crowd.css", "crowd/net.js"):
        first = web.get(extras.url + path)
        assert first.status_code == 200
        assert first.headers["cache-control"] == "no-cache"
        again = web.get(extras.url + path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_players_may_ask_for_a_part_of_a_file(extras: RunHandle) -> None:
    reply = web.get(extras.url + "task/sound.wav", headers={"Range": "bytes=10-19"})
    assert (reply.status_code, reply.content) == (206, bytes(range(10, 20)))


def test_routes_of_extensions_answer_and_their_failures_are_kept_inside(extras: RunHandle) -> None:
    assert web.get(extras.url + "hello").text == "hello"
    broken = web.get(extras.url + "broken")
    assert (broken.status_code, broken.json()["code"]) == (500, "internal")
    assert "SECRET" not in broken.text
