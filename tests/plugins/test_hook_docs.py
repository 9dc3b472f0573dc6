"""The specifications, the typed facade, the core's defaults and docs/hooks.md say the same."""

from __future__ import annotations

import ast
import inspect
import re
import threading
from pathlib import Path

import pytest

from crowdcore.base.limiter import LIMITS
from crowdcore.plugins import defaults
from crowdcore.plugins.checks import HOOKS
from crowdcore.plugins.hooks import Hooks
from crowdcore.plugins.hooks.callers import kind_of_work
from crowdcore.state import AgentState
from scripts.hook_docs import FUNCTIONS, render


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_the_facade_has_every_hook_with_its_arguments_but_run(name: str) -> None:
    spec = inspect.signature(FUNCTIONS[name])
    facade = inspect.signature(getattr(Hooks, name))
    assert [(p.name, str(p.annotation), p.default) for p in facade.parameters.values()] == [
        (p.name, str(p.annotation), p.default) for p in spec.parameters.values() if p.name != "run"
    ]


@pytest.mark.parametrize("name", sorted(n for n, hook in HOOKS.items() if hook.kind == "owner"))
def test_the_facade_answers_what_an_owner_hook_does(name: str) -> None:
    expected = HOOKS[name].answer.replace("Iterable", "Iterator")
    assert inspect.signature(getattr(Hooks, name)).return_annotation == expected


def test_docs_are_made_of_the_specifications() -> None:
    page = Path(__file__).parents[2] / "docs" / "hooks.md"
    assert page.read_text() == render(), "make docs"


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_s_documentation_can_be_pasted(name: str) -> None:
    page = render()
    section = page[page.index(f"### {name}\n") :].split("\n### ")[0]
    code = section.split("```python\n")[1].split("```")[0]
    kind = ast.AsyncFunctionDef if HOOKS[name].is_async else ast.FunctionDef
    (function,) = [node for node in ast.parse(code).body if isinstance(node, kind) and node.name == name]
    assert {a.arg for a in function.args.args} <= {*HOOKS[name].parameters, "inner"}


def test_hooks_without_a_default_are_the_ones_that_cannot_have_one() -> None:
    owners = {name for name, hook in HOOKS.items() if hook.kind == "owner"}
    assert owners - set(vars(defaults.CoreDefaults)) == {
        "architect_deploy", "blueprint_build", "blueprint_live", "blueprint_simulate", "blueprint_task_data",
    }  # fmt: skip


def test_the_table_of_limits_is_true() -> None:
    page = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    table = {row[0]: row for row in rows if row[0] in LIMITS and len(row) == 4}
    assert list(table) == list(LIMITS)
    for kind, limit in LIMITS.items():
        assert table[kind][1].split(",")[0].split()[0] == str(limit.threads)
        assert float(table[kind][2]) == limit.seconds
    named = {word: kind for kind, row in table.items() for word in row[3].replace(",", "").split() if word in HOOKS}
    assert {hook: kind_of_work(hook) for hook in named} == named


def _rows(page: str, heading: str) -> set[str]:
    """The words in backticks that stand in the first column of the tables below a heading."""
    section = page.split(f"\n{heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {word for cell in first for word in re.findall(r"`(\w+)", cell)}


def test_every_word_of_crowd_js_and_of_a_state_is_explained() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "plugins.md").read_text()
    client = (root / "crowdcore" / "server" / "static" / "crowd.js").read_text()
    said = set(re.findall(r"work\.(\w+)", client[: client.index("import {")])) | {"draft"}
    assert said - _rows(page, "### crowd.js, for its page") == set()
    methods = {name for name, value in vars(AgentState).items() if callable(value) or isinstance(value, classmethod)}
    ours = {name for name in methods if not name.startswith("_")} & set(AgentState.__dict__)
    generated = {"from_dict", "from_json", "schema", "to_dict", "to_json"}
    assert ours - generated == _rows(page, "### AgentState")


def test_the_threads_that_are_named_are_those_of_a_served_run(tmp_path: Path) -> None:
    from crowdcore import RunHandle, hookimpl
    from crowdcore.testing import Browserless, serve

    seen: dict[str, str] = {}

    class Where:
        @hookimpl
        def blueprint_task_data(self, start: int) -> list[dict[str, int]]:
            seen["blueprint_task_data"] = threading.current_thread().name
            return [{"n": n} for n in range(start, 3)]

        @hookimpl
        def blueprint_validate(self) -> None:
            seen["blueprint_validate"] = threading.current_thread().name

        @hookimpl(nonblocking=True)
        def provider_page(self) -> dict[str, str]:
            seen["provider_page"] = threading.current_thread().name
            return {"name": "here"}

    config = {"task": {"name": "t"}, "blueprint": {"type": "mock"}, "provider": {"type": "mock"}}
    with serve(config, data_dir=tmp_path, hooks=[Where()]) as run:
        assert isinstance(run, RunHandle)
        Browserless(run.url, worker_id="x").enter().submit({"text": "a"})
    assert seen["provider_page"] == "run-t-1"
    assert re.fullmatch(r"crowd-claims-\d+", seen["blueprint_validate"])
