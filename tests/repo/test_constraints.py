"""constraints.txt pins every dependency, and says nothing else."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repo.tree import MEMBERS, ROOT, project

LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINNED = dict(line.split("==") for line in LINES if not line.startswith("#"))


def test_it_holds_names_and_versions_only() -> None:
    strange = [line for line in LINES[1:] if not re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9][0-9a-z.]*", line)]
    assert strange == []
    assert len(PINNED) == len(LINES) - 1, "a name stands there twice"


def test_every_declared_dependency_is_pinned_within_its_range() -> None:
    root = project()
    declared = [*root["project"]["dependencies"], *root["dependency-groups"]["dev"]]
    for extra in root["project"]["optional-dependencies"].values():
        declared += extra
    for member in MEMBERS:
        declared += project(member)["project"]["dependencies"]
    ours = {"crowdcore", *(project(member)["project"]["name"] for member in MEMBERS)}
    wrong = []
    for requirement in map(Requirement, declared):
        name = canonicalize_name(requirement.name)
        if name not in ours and not requirement.specifier.contains(PINNED.get(name, "0")):
            wrong.append(str(requirement))
    assert wrong == []


@pytest.mark.parametrize("name", ["starlette", "pluggy", "click", "pytest"])
def test_the_environment_is_made_of_it(name: str) -> None:
    assert version(name) == PINNED[name]


def test_no_dependency_of_ours_is_missing_from_it() -> None:
    installed: dict[str, Distribution] = {canonicalize_name(d.metadata["Name"]): d for d in distributions()}
    todo, seen = ["crowdcore", *(project(member)["project"]["name"] for member in MEMBERS)], set()
    ours = set(todo)
    while todo:
        name = todo.pop()
        seen.add(name)
        for requirement in map(Requirement, installed[name].requires or []):
            needed = canonicalize_name(requirement.name)
            if needed not in seen and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                todo.append(needed)
    assert seen - ours - set(PINNED) == set()
