"""A path in the public address means the same as none: a proxy may strip it or not."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crowdcore import hookimpl
from tests import web

from .conftest import Start

PATHS = ["/labs", "/labs/a%20b", "/task", "/crowd/x"]
"""Also such as the server's own addresses begin with."""


class About:
    """An extension's route that knows its own address."""

    @hookimpl
    def register_routes(self) -> list[Any]:
        def about(request: Request) -> Response:
            return JSONResponse({"address": request.url_for("about").path, "asked": request.url.path})

        return [Route("/about/{what}", about), Route("/about", about, name="about")]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("strips", [True, False])
def test_everything_is_found_by_the_addresses_in_the_page(
    start: Start, free_port: int, path: str, slash: str, strips: bool
) -> None:
    start(port=free_port, public_url=f"https://tasks.example{path}")

    def ask(url: str, method: str = "GET", **more: Any) -> Any:
        """What a proxy makes of a request for `url`."""
        asked = url.removeprefix("https://tasks.example")
        if strips:
            asked = asked.removeprefix(path) or "/"
        return web.request(method, f"http://127.0.0.1:{free_port}{asked}", **more)

    page = f"https://tasks.example{path}{slash}"
    shown = ask(page)
    assert shown.status_code == 200
    found = re.search(r'<base href="([^"]*)">', shown.text)
    assert found
    base = urljoin(page, found[1])
    linked = re.findall(r'<link rel="modulepreload" href="([^"]*)">', shown.text)
    assert linked
    for link in linked:
        assert ask(urljoin(base, link)).status_code == 200, link
    script = urljoin(base, "../crowd.js")
    entered = ask(urljoin(script, "api/v1/agents"), "POST", json={"params": {"worker_id": "x"}})
    assert entered.status_code == 201
    assert ask(urljoin(base, "index.html")).status_code == 200
    assert ask(urljoin(base, "nothing.js")).status_code == 404
    assert ask(urljoin(script, "healthz")).status_code == 200
    lost = ask(urljoin(script, "nothing"), headers={"Accept": "text/html"})
    assert lost.status_code == 404
    assert f'href="{path}/"' in lost.text, "the way back"


@pytest.mark.parametrize("prefix", ["/labs", ""])
def test_routes_of_extensions_know_their_public_address(start: Start, free_port: int, prefix: str) -> None:
    start(About(), port=free_port, public_url="https://tasks.example/labs")
    answer = web.get(f"http://127.0.0.1:{free_port}{prefix}/about").json()
    assert answer == {"address": "/labs/about", "asked": "/labs/about"}


def test_other_paths_are_none_of_ours(start: Start, free_port: int) -> None:
    start(port=free_port, public_url="https://tasks.example/labs")
    for other in ("/labsx", "/labsx/crowd.js", "/other/crowd.js", "/labs/labs/crowd.js"):
        assert web.get(f"http://127.0.0.1:{free_port}{other}").status_code == 404
