"""The specifications, the typed facade, the core's defaults and docs/hooks.md say the same."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from crowdcore.base.limiter import LIMITS
from crowdcore.plugins import defaults
from crowdcore.plugins.checks import HOOKS
from crowdcore.plugins.hooks import Hooks
from crowdcore.plugins.hooks.callers import kind_of_work
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
