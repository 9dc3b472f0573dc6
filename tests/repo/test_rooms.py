"""The rooms of the core: few loose modules, and each room is entered by the doors that its `__init__` names."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.repo.tree import MEMBERS, ROOT, texts

CORE = ROOT / "crowdcore"
WORDS = {"errors", "state", "status", "types"}
"""What everybody uses; docs/development.md calls them the words."""
FACES = {"bots", "facade", "options"}
"""What authors of plugins import, and nobody in the core."""
ROOMS = sorted(path.name for path in CORE.iterdir() if (path / "__init__.py").is_file())


def test_nothing_is_loose_but_the_words_and_the_doors_of_authors() -> None:
    assert {path.stem for path in CORE.glob("*.py")} == {"__init__"} | WORDS | FACES, "eight, no more"


def test_a_file_is_read_in_one_sitting() -> None:
    lengths = [text.count("\n") for path, text in texts(CORE) if path.suffix == ".py"]
    assert statistics.median(lengths) <= 110


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_what_lives_there_and_names_its_doors(room: str) -> None:
    tree = ast.parse((CORE / room / "__init__.py").read_text())
    assert ast.get_docstring(tree)
    assert _doors(CORE / room), "its __all__ names what others may use"


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_door_names_is_there(room: str) -> None:
    for package in [CORE / room, *(path.parent for path in (CORE / room).glob("*/__init__.py"))]:
        there = {path.stem for path in package.iterdir()}
        tree = ast.parse((package / "__init__.py").read_text())
        there |= {alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                  for alias in node.names}  # fmt: skip
        there |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert _doors(package) - there == set()


def test_a_room_is_entered_by_its_doors_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path, line, name in _imports()
        if _room(name) != _home(path) and not _is_open(name)
    ]
    assert wrong == []


def test_the_core_does_not_use_the_doors_of_authors() -> None:
    faces = {f"crowdcore.{face}" for face in FACES}
    used = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path, line, name in _imports()
        if _home(path) not in ("", "testing", "plugins/*") and ".".join(name.split(".")[:2]) in faces
    ]
    assert used == []


def _imports() -> Iterator[tuple[Path, int, str]]:
    """(file, line, dotted name) of everything that the core and our plugins import from the core."""
    for folder in [CORE, *(member / member.name for member in MEMBERS)]:
        for path, text in texts(folder):
            if path.suffix != ".py":
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "crowdcore":
                    yield from ((path, node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
                elif isinstance(node, ast.Import):
                    yield from (
                        (path, node.lineno, alias.name) for alias in node.names if alias.name.startswith("crowdcore.")
                    )


def _room(name: str) -> str:
    """The room of a dotted name; "" for the words, the faces and what crowdcore itself offers."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else ""


def _home(path: Path) -> str:
    return _room(".".join(path.relative_to(ROOT).with_suffix("").parts)) if path.is_relative_to(CORE) else "plugins/*"


def _is_open(name: str) -> bool:
    """Whether every package on the way names the next step in its `__all__`."""
    at = CORE
    for step in name.split(".")[1:]:
        if not (at / "__init__.py").is_file():
            return True  # inside a module that is open
        if at != CORE and step not in _doors(at):
            return False
        at = at / step
    return True


@cache
def _doors(package: Path) -> set[str]:
    for node in ast.parse((package / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return set(ast.literal_eval(node.value))
    return set()
