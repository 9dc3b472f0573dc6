"""A call of `run` that blocks is refused in a coroutine, with what to write instead; the server goes on serving."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crowdcore import Run, RunError, hookimpl
from crowdcore.testing import Browserless, serve
from tests import web

BLOCKING = {
    "shared.get": lambda run: run.shared.get("n"),
    "shared.all": lambda run: run.shared.all(),
    "shared.set": lambda run: run.shared.set("n", 1),
    "shared.update": lambda run: run.shared.update(lambda shared: shared.update(n=1)),
    "records(…).get": lambda run: run.records("k").get("a"),
    "records(…).put": lambda run: run.records("k").put("a", 1),
    "records(…).add": lambda run: run.records("k").add("a", 1),
    "records(…).delete": lambda run: run.records("k").delete("a"),
    "records(…).keys": lambda run: run.records("k").keys(),
    "records(…).items": lambda run: list(run.records("k").items()),
    "visit_returned": lambda run: run.visit_returned("visit-x"),
    "serve": lambda run: run.serve(lambda *_: None),
}


class Pages:
    """A page that calls what blocks, one that awaits the twins, and a hook that only computes, but for one call."""

    @hookimpl
    def register_routes(self, run: Run) -> list[Any]:
        async def blocks(request: Request) -> Response:
            return JSONResponse(BLOCKING[request.query_params["call"]](run))

        async def awaits(_: Request) -> Response:
            shared, rows = run.aio.shared, run.aio.records("k")
            await shared.set("n", 1)
            doubled = await shared.update(lambda kept: kept.update(n=kept["n"] * 2) or kept["n"])
            found: list[Any] = [doubled, await shared.get("n"), await shared.get("m", 7), await shared.all()]
            found += [await rows.add("a", 1), await rows.add("a", 2), await rows.put("b", 3), await rows.get("a")]
            found += [await rows.keys(), await rows.items(), await rows.delete("a"), await rows.delete("a")]
            return JSONResponse([*found, await run.aio.visit_returned("visit-x"), await run.aio.visit_returned("none")])

        def plain(_: Request) -> Response:
            return JSONResponse(run.shared.get("n"))

        async def elsewhere(_: Request) -> Response:  # a loop of the author's own, in a thread of its own
            async def inner() -> Any:
                return run.shared.get("n")

            return JSONResponse(await asyncio.to_thread(asyncio.run, inner()))

        routes = {"/blocks": blocks, "/awaits": awaits, "/plain": plain, "/elsewhere": elsewhere}
        return [Route(path, endpoint) for path, endpoint in routes.items()]

    @hookimpl(nonblocking=True)
    def blueprint_frontend(self, run: Run) -> dict[str, Any]:
        return {"title": str(run.shared.get("title", "Untitled"))}


@pytest.fixture
def run(tmp_path: Path) -> Any:
    task = {"task": {"name": "pages"}, "blueprint": {"type": "mock"}, "provider": {"type": "mock"}}
    with serve(task, data_dir=tmp_path, hooks=[Pages()]) as serving:
        yield serving


@pytest.mark.parametrize("call", BLOCKING)
def test_what_blocks_is_refused_with_its_twin_and_stops_nobody(
    run: Any, call: str, caplog: pytest.LogCaptureFixture
) -> None:
    Browserless(run.url, worker_id="x", assignment_id="visit-x").enter()
    assert web.get(f"{run.url}blocks", params={"call": call}).status_code == 500
    told = "\n".join(f"{record.getMessage()} {record.exc_info}" for record in caplog.records)
    assert f"run.{call}(" in told
    assert f"await run.aio.{call}(" in told
    assert web.get(f"{run.url}healthz").status_code == 200


def test_the_twins_answer_the_same(run: Any) -> None:
    Browserless(run.url, worker_id="x", assignment_id="visit-x").enter()
    assert web.get(f"{run.url}awaits").json() == [
        2, 2, 7, {"n": 2}, True, False, None, 1, ["a", "b"], [["a", 1], ["b", 3]], True, False, True, False,
    ]  # fmt: skip


def test_threads_may_block_and_loops_that_serve_nobody(run: Any) -> None:
    web.get(f"{run.url}awaits")
    assert web.get(f"{run.url}plain").json() == 2
    assert web.get(f"{run.url}elsewhere").json() == 2


def test_a_hook_that_only_computes_but_for_one_call_is_called_on_a_thread(run: Any) -> None:
    assert Browserless(run.url, worker_id="x").enter().document["frontend"]["title"] == "Untitled"


def test_a_run_cannot_be_waited_for_on_its_own_loop(run: Any) -> None:
    async def asks(supervisor: Any) -> str:
        with pytest.raises(RunError, match="its own event loop"):
            run._host.ask(lambda s: s.longest())
        return "told"

    assert run._host.ask(asks) == "told"
