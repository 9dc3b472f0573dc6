"""The OpenAPI documents say what the applications answer: every address, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from crowdcore import RunHandle
from crowdcore.admin import AdminApp
from crowdcore.plugins.schema import AdminConfig
from crowdcore.server.app import WorkerApp
from crowdcore.server.http.limits import Limits
from crowdcore.testing import ManualClock
from tests import web

METHODS = ["get", "put", "post", "delete", "patch"]


def stated(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, calls in document["paths"].items() for method in calls}


def shape(addresses: Any) -> set[tuple[str, str]]:
    """Addresses with the names of their places left out."""
    return {(method, re.sub(r"{\w+}", "{}", path)) for method, path in addresses}


@pytest.fixture(scope="module")
def worker(run: RunHandle) -> dict[str, Any]:
    reply = web.get(run.url + "api/v1/openapi.json")
    assert reply.headers["content-type"] == "application/json"
    document: dict[str, Any] = reply.json()
    return document


@pytest.fixture(scope="module")
def admin(run: RunHandle) -> dict[str, Any]:
    with web.Client(base_url=str(run.admin_url)) as browser:
        browser.get(run.admin_link())
        document: dict[str, Any] = browser.get("api/v1/openapi.json").json()
    return document


def context(tmp_path: Any) -> Any:
    """Just enough to make the applications; nothing is served."""
    return SimpleNamespace(
        limits=Limits(), work=None, secret_key=b"k" * 32, identity="x", clock=ManualClock(), build_dir=tmp_path,
        framed_by=(), frontend={}, provider_page={}, routes=(), db=None, options=AdminConfig(), run_name="x",
        added=SimpleNamespace(pages=(), routes=()),
    )  # fmt: skip


def test_the_worker_document_has_every_route_and_no_other(worker: dict[str, Any], tmp_path: Any) -> None:
    assert shape(stated(worker)) == shape(WorkerApp(context(tmp_path)).addresses)


def test_the_admin_document_has_every_route_and_no_other(admin: dict[str, Any], tmp_path: Any) -> None:
    assert shape(stated(admin)) == shape(AdminApp(context(tmp_path)).addresses)


def test_methods_that_are_not_stated_are_not_allowed(run: RunHandle, worker: dict[str, Any]) -> None:
    for path, calls in worker["paths"].items():
        if path.endswith("/live") or path in ("/crowd.js", "/task/{file}"):
            continue
        url = run.url.rstrip("/") + re.sub(r"{\w+}", "1", path)
        for method in METHODS:
            if method not in calls:
                reply = web.request(method, url)
                assert reply.status_code == 405, (method, path)
                assert next(iter(calls)).upper() in reply.headers["allow"]


@pytest.mark.parametrize("which", ["worker", "admin"])
def test_every_reference_leads_somewhere(which: str, request: pytest.FixtureRequest) -> None:
    document = request.getfixturevalue(which)
    assert document["openapi"] == "3.1.0"
    assert set(re.findall(r"#/components/schemas/(\w+)", str(document))) == set(document["components"]["schemas"])
    calls = [call for each in document["paths"].values() for call in each.values()]
    signed = {name for call in calls for one in call.get("security", ()) for name in one}
    assert signed == set(document["components"]["securitySchemes"])


def test_the_admin_document_is_for_those_who_logged_in(run: RunHandle) -> None:
    assert web.get(f"{run.admin_url}api/v1/openapi.json").status_code == 401


def test_nothing_of_it_is_loaded_before_it_is_asked_for() -> None:
    code = "import sys, crowdcore.server.app, crowdcore.admin; print([n for n in sys.modules if 'openapi' in n])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
