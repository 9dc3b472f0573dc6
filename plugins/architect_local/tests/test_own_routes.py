"""A task's own pages and folders beside the run's, through `register_routes`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from crowdcore import Run, hookimpl
from crowdcore.testing import Browserless
from tests import web

from .conftest import Start


class Media:
    """A folder of pictures, and a page that knows the run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @hookimpl
    def register_routes(self, run: Run) -> list[Any]:
        def about(request: Request) -> Response:
            visits = run.shared.update(lambda shared: shared.__setitem__("visits", shared.get("visits", 0) + 1))
            assert visits is None
            return JSONResponse({"run": run.name, "visits": run.shared.get("visits")})

        return [Mount("/media", StaticFiles(directory=self.folder)), Route("/about", about)]


def test_own_pages_and_folders_are_served_beside_the_task(start: Start, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "cat.svg").write_text("<svg/>")
    run = start(Media(tmp_path / "media"))
    assert web.get(f"{run.url}media/cat.svg").text == "<svg/>"
    assert web.get(f"{run.url}media/dog.svg").status_code == 404
    assert web.get(f"{run.url}about").json() == {"run": run.name, "visits": 1}
    assert web.get(f"{run.url}about").json() == {"run": run.name, "visits": 2}
    assert web.get(run.url).status_code == 200
    assert Browserless(run.url, worker_id="x").enter().document["phase"] == "work"


def test_own_pages_do_not_take_the_place_of_the_runs(start: Start, tmp_path: Path) -> None:
    class Greedy:
        @hookimpl
        def register_routes(self) -> list[Any]:
            return [Route("/", lambda _: JSONResponse("mine")), Route("/healthz", lambda _: JSONResponse("mine"))]

    run = start(Greedy())
    assert web.get(f"{run.url}healthz").json() == {"status": "ok"}
    assert "Mock task" in web.get(run.url).text


def test_two_plugins_may_both_add_routes_and_hooks_come_first(start: Start) -> None:
    def page(word: str) -> Any:
        class Adding:
            @hookimpl
            def register_routes(self) -> list[Any]:
                return [Route("/who", lambda _: JSONResponse(word)), Route(f"/{word}", lambda _: JSONResponse(word))]

        return Adding()

    run = start(page("first"), page("second"))
    assert [web.get(f"{run.url}{word}").json() for word in ("first", "second")] == ["first", "second"]
    assert web.get(f"{run.url}who").json() == "second", "registered last, asked first"
