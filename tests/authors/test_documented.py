"""docs/plugins.md shows the very distributions that these tests install, and they are as small as it says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from crowdcore.plugins import GROUPS
from crowdcore.plugins.checks import HOOKS
from tests.authors.included import PAGES, ROOT, blocks, renewed
from tests.repo.test_public_names import PUBLIC

HERE = Path(__file__).parent
DISTRIBUTIONS = sorted((HERE / "distributions").iterdir())
MOST_LINES = 60


@pytest.mark.parametrize("page", PAGES)
def test_code_in_the_documentation_is_that_of_the_tests(page: str) -> None:
    assert (ROOT / page).read_text("utf-8") == renewed(page), "renew it: python tests/authors/included.py"


def test_every_distribution_is_in_the_documentation() -> None:
    shown = {path for path, _ in blocks("docs/plugins.md")}
    wanted = {path for folder in DISTRIBUTIONS for path in folder.iterdir() if path.is_file()}
    assert {str(path.relative_to(ROOT)) for path in (*wanted, HERE / "task" / "hooks.py")} <= shown


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda folder: folder.name)
def test_a_distribution_has_at_most_60_lines_and_one_entry_point(folder: Path) -> None:
    files = {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}
    assert sorted(files) == [f"{folder.name}.py", "pyproject.toml"]
    assert sum(len(text.splitlines()) for text in files.values()) <= MOST_LINES
    assert files["pyproject.toml"].count("entry-points") == 1


@pytest.mark.parametrize("path", [*HERE.glob("distributions/*/*.py"), HERE / "task" / "hooks.py"], ids=lambda p: p.name)
def test_it_imports_the_public_names_of_crowdcore_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("crowdcore"):
            assert node.module in PUBLIC
        if isinstance(node, ast.Import):
            assert all(alias.name in PUBLIC for alias in node.names if alias.name.startswith("crowdcore"))


def test_every_kind_of_plugin_and_of_hook_is_explained() -> None:
    page = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    assert [group for group in GROUPS.values() if f"`{group}`" not in page] == []
    assert [kind for kind in {spec.kind for spec in HOOKS.values()} if f"**{kind}**" not in page] == []
