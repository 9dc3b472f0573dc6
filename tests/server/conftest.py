"""A run with real HTTP, and a real browser."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from crowdcore import Refusal, RunHandle, hookimpl
from crowdcore.base import paths
from crowdcore.base.secret import secret_key
from crowdcore.testing import Browserless, serve
from crowdcore.testing.patience import PATIENCE

PAGE = """<!doctype html>
<html lang="en"><head><title>A task</title><script type="module" src="page.js"></script></head>
<body><main><h1>A task</h1><form id="form">
<label>Text <input name="text" autocomplete="off"></label>
<label>File <input type="file" name="doc" multiple></label>
<button>Send</button></form>
<p id="seen"></p><p id="error"></p><p id="answer"></p>
<button id="ask" type="button">Ask</button><button id="break" type="button">Break</button>
<button id="back" type="button">Back</button><a href="#end">To the end</a><p id="end">The end</p>
</main></body></html>
"""

SCRIPT = """
import { crowd } from '../crowd.js';
const work = await crowd.start();
const at = (id) => document.getElementById(id);
const form = at('form');
at('seen').textContent = `${work.phase} ${JSON.stringify(work.init)} ${work.refused?.code ?? ''}`;
form.text.value = work.draft?.text ?? '';
form.text.oninput = () => work.saveDraft({ text: form.text.value });
form.onsubmit = async (event) => {
  event.preventDefault();
  try { await work.submit(new FormData(form)); }
  catch (error) { at('error').textContent = `${error.code} ${JSON.stringify(error.errors)}`; }
};
at('ask').onclick = async () => { at('answer').textContent = JSON.stringify(await work.call('echo', [1])); };
at('break').onclick = () => { throw new Error('the page broke'); };
at('back').onclick = () => work.giveBack();
"""


class Task:
    """Hooks of a small task: texts of two letters or more, procedures echo and break, worker `mallory` refused."""

    @hookimpl
    def blueprint_build(self, build_dir: Path) -> None:
        (build_dir / "index.html").write_text(PAGE)
        (build_dir / "page.js").write_text(SCRIPT)

    @hookimpl
    def blueprint_validate(self, data: Any) -> dict[str, list[str]]:
        if not isinstance(data, dict):
            return {"": ["not an object"]}
        return {"text": ["say more"]} if len(str(data.get("text", ""))) < 2 else {}

    @hookimpl
    def blueprint_call(self, procedure: str, args: Any) -> Any:
        if procedure == "echo":
            return {"echo": args}
        raise ValueError("SECRET of the task's own code")

    @hookimpl
    def worker_can_do_unit(self, worker: Any) -> Refusal | None:
        return Refusal("Only for members of the choir.") if worker.name == "mallory" else None


def config(name: str, **sections: Any) -> dict[str, Any]:
    """A small task on the mock blueprint; sections are merged over it."""
    task = {"name": name, "title": "A task", "description": "For tests", "reward": "0.10"}
    blueprint = {"type": "mock", "num_assignments": 0}
    whole: dict[str, dict[str, Any]] = {"task": task, "blueprint": blueprint, "provider": {"type": "mock"}}
    return {key: whole.get(key, {}) | sections.get(key, {}) for key in {*whole, *sections}}


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """The key of the installation that serves `run`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROWD_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        patch.delenv("CROWD_SECRET_KEY", raising=False)
        yield secret_key(paths.config_dir())


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of `run`."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def run(secret: bytes, data_dir: Path) -> Iterator[RunHandle]:
    """An endless run of the small task."""
    with serve(config("edges"), data_dir=data_dir, hooks=[Task()]) as handle:
        yield handle


@pytest.fixture
def new_worker(run: RunHandle, request: pytest.FixtureRequest) -> Callable[[], Browserless]:
    """Makes workers that no other test has, at work."""
    numbers = itertools.count(1)

    def make() -> Browserless:
        return Browserless(run.url, worker_id=f"{request.node.name}-{next(numbers)}", assignment_id="1").enter()

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. A missing one fails: these tests are never skipped.

    Not for the whole session: playwright keeps an event loop in this thread, and other modules have theirs.
    """
    path = os.environ.get("CROWD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "chromium is missing: apt-get install chromium, or set CROWD_CHROMIUM to its path"
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run"]  # fmt: skip
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE * 1000)
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()
