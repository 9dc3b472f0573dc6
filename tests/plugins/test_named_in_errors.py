"""Whatever fails while a run is served, or a command runs, the operator reads distribution, version, file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.conftest import Distributions

TROUBLE = """
from starlette.routing import Route
from crowdcore import AdminPage, hookimpl

class Gate:
    name = "door"
    def check(self, run, worker):
        if worker.name == "gate": raise KeyError("gate")
    def close(self): raise KeyError("close")

class Trouble:
    @hookimpl
    def worker_can_do_unit(self, worker):
        if worker.name == "hook": raise KeyError("hook")
        return "maybe" if worker.name == "answer" else None
    @hookimpl
    def blueprint_validate(self, data):
        if data["text"] == "validate": raise KeyError("validate")
    @hookimpl
    def on_unit_submitted(self): raise KeyError("listener")
    @hookimpl
    def register_gates(self): return [Gate()]
    @hookimpl
    def register_routes(self):
        async def page(request): raise KeyError("route")
        return [Route("/trouble", page)]
    @hookimpl
    def register_admin_pages(self):
        def page(): raise KeyError("page")
        return [AdminPage("Trouble", page)]
    @hookimpl
    def register_metrics(self):
        calls = []
        class Collector:
            def collect(self):
                calls.append(1)
                if len(calls) > 1: raise KeyError("metric")
                return []
        return [Collector()]
    @hookimpl
    def plugin_close(self): raise KeyError("closing")
"""
RUN = """
import httpx, logging, sys
from pathlib import Path
from crowdcore.admin.access import make_admin_token
from crowdcore.testing import Browserless, serve

logging.basicConfig(format="%(message)s", stream=sys.stderr)
config = {"task": {"name": "t"}, "blueprint": {"type": "mock", "num_assignments": 5}, "provider": {"type": "mock"},
          "extensions": ["trouble"]}
with serve(config, data_dir=Path(sys.argv[1])) as run:
    for name in ("gate", "hook", "answer"):
        Browserless(run.url, worker_id=name).enter()
    worker = Browserless(run.url, worker_id="x").enter()
    for text in ("validate", "fine"):
        worker.submit({"text": text})
    print(httpx.get(run.url + "trouble").text, httpx.get(run.url + "metrics").status_code)
    token = make_admin_token(run._host.setup.db, run._host.setup.secret_key, "reader", 1)
    httpx.get(run.admin_url + "x/trouble/", headers={"authorization": f"Bearer {token}"})
"""
WHO = "extension 'trouble' (acme 1.2)"


@pytest.fixture
def told(installed: Distributions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    installed.add("acme", {"crowdcore.extensions": {"trouble": "acme:Trouble"}}, version="1.2", code=TROUBLE)
    done = installed.python(RUN, str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    assert "KeyError" not in done.stdout, "strangers read nothing of it"
    return done.stderr


def test_hooks_gates_routes_pages_metrics_and_closing_name_whose_they_are(told: str) -> None:
    begins = [
        f"gate door of {WHO} failed for worker gate: KeyError: 'gate' (acme.py:",
        f"worker_can_do_unit of {WHO}: KeyError: 'hook' (acme.py:",
        f"worker_can_do_unit of {WHO}: answered 'maybe' (str)",
        f"blueprint_validate of {WHO}: KeyError: 'validate' (acme.py:",
        f"on_unit_submitted of {WHO}: KeyError: 'listener' (acme.py:",
        f"route /trouble of {WHO}: KeyError: 'route' (acme.py:",
        f"register_metrics of {WHO}: KeyError: 'metric' (acme.py:",
        f"page 'Trouble' of {WHO}: KeyError: 'page' (acme.py:",
        f"close of gate door of {WHO}: KeyError: 'close' (acme.py:",
        f"plugin_close of {WHO}: KeyError: 'closing' (acme.py:",
    ]
    lines = told.splitlines()
    assert [begin for begin in begins if not any(begin in line for line in lines)] == []


COMMAND = """
import click

@click.command()
@click.option("--how", default="")
def stumble(how):
    if how == "exit": raise click.ClickException("a plain word")
    if how == "file": open("/nowhere/file")
    raise KeyError("word")
"""


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "error: command 'stumble' (acme 1.2): KeyError: 'word' (acme.py:"),
        (["--how", "exit"], "Error: a plain word"),
        (["--how", "file"], "error: /nowhere/file: No such file or directory"),
        (["--hwo"], "No such option"),
    ],
)
def test_a_command_that_fails_is_one_line(installed: Distributions, words: list[str], line: str) -> None:
    installed.add("acme", {"crowdcore.commands": {"stumble": "acme:stumble"}}, version="1.2", code=COMMAND)
    done = installed.crowd("stumble", *words)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert line in done.stderr
