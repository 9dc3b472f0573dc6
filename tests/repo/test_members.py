"""Every folder of plugins/ is a distribution of the workspace, made like the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repo.tree import MEMBERS, ROOT, project

ROOT_PROJECT = project()


@pytest.fixture(params=MEMBERS, ids=lambda member: member.name)
def member(request: pytest.FixtureRequest) -> Path:
    """One plugin's folder."""
    folder: Path = request.param
    return folder


@pytest.fixture
def declared(member: Path) -> dict[str, Any]:
    """The [project] table of its pyproject.toml."""
    table: dict[str, Any] = project(member)["project"]
    return table


def test_every_folder_of_plugins_is_a_distribution() -> None:
    folders = {path for path in (ROOT / "plugins").iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
    assert folders == set(MEMBERS)


def test_its_package_is_named_like_its_folder_and_is_typed(member: Path) -> None:
    assert (member / member.name / "__init__.py").is_file()
    assert (member / member.name / "py.typed").is_file()


def test_its_name_version_and_python_are_the_workspaces(member: Path, declared: dict[str, Any]) -> None:
    ours = ROOT_PROJECT["project"]
    expected = "crowd-" + canonicalize_name(member.name.removeprefix("crowd_"))
    assert declared["name"] == expected
    assert (declared["version"], declared["requires-python"]) == (ours["version"], ours["requires-python"])


def test_it_requires_the_cores_minor_version(declared: dict[str, Any]) -> None:
    requirements = [Requirement(text) for text in declared["dependencies"]]
    core = next(requirement for requirement in requirements if requirement.name == "crowdcore")
    current = ROOT_PROJECT["project"]["version"]
    major, minor = map(int, current.split(".")[:2])
    assert core.specifier.contains(current)
    assert not core.specifier.contains(f"{major}.{minor + 1}.0"), "a hook may change with the next minor version"


def test_the_workspace_knows_it(member: Path, declared: dict[str, Any]) -> None:
    assert ROOT_PROJECT["tool"]["uv"]["sources"][declared["name"]] == {"workspace": True}
    assert declared["name"] in ROOT_PROJECT["project"]["optional-dependencies"]["all"]
    linted = ROOT_PROJECT["tool"]["importlinter"]
    assert member.name in linted["root_packages"]
    for contract in ("first-party", "independent", "plugins"):
        table = next(table for table in linted["contracts"] if table["id"] == contract)
        lists = [table.get(key, []) for key in ("modules", "source_modules", "forbidden_modules")]
        assert any(member.name in names for names in lists), contract


def test_it_offers_a_plugin(declared: dict[str, Any]) -> None:
    assert any(group.startswith("crowdcore.") for group in declared["entry-points"])
