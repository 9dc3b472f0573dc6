"""docs/development.md leads to files that are there."""

from __future__ import annotations

import re

import pytest

from tests.repo.tree import ROOT

TEXT = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
ROOMS = sorted(path.parent.name for path in (ROOT / "crowdcore").glob("*/__init__.py"))
NAMED = sorted(set(re.findall(rf"(?<![\w/.`])((?:{'|'.join(ROOMS)})/[\w/.]*\w/?)", TEXT)))


@pytest.mark.parametrize("path", NAMED)
def test_every_place_that_it_names_is_there(path: str) -> None:
    assert (ROOT / "crowdcore" / path).exists()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_in_the_picture(room: str) -> None:
    picture = TEXT[TEXT.index("## The rooms") : TEXT.index("### One submission")]
    assert re.search(rf"^    .*\b{room}\b", picture, re.MULTILINE)


def test_it_says_where_to_change_what_is_changed_most() -> None:
    table = TEXT[TEXT.index("### I want to change") : TEXT.index("## Starting quickly")]
    assert table.count("\n| ") - 2 >= 15


def test_the_layers_are_the_rooms_of_the_picture() -> None:
    """pyproject.toml is the contract, the page its picture: the same rooms on the same floors."""
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = contract[contract.index("layers = [") : contract.index("exhaustive = true")]
    floors = [set(re.findall(r"\w+", line.partition("#")[0])) for line in re.findall(r'"(.*)",', layers)]
    order = {name: at for at, floor in enumerate(floors) for name in floor}
    picture = TEXT[TEXT.index("    commands  ") : TEXT.index("Beside config stand")]
    drawn = [[word for word in re.findall(r"\b\w+\b", line) if word in ROOMS][:3] for line in picture.splitlines()]
    seen = [order[name] for line in drawn for name in line[:1]]
    assert seen == sorted(seen)
