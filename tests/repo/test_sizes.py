"""Code that can be read in one sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repo.tree import PACKAGES, ROOT, texts

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
CODE = {".py", ".js", ".mjs", ".sh"}


def _is_vendored(path: Path) -> bool:
    return "vendor" in path.parts


def _code() -> Iterator[tuple[Path, str]]:
    for package in [*PACKAGES, ROOT / "tests", ROOT / "scripts"]:
        yield from (pair for pair in texts(package) if pair[0].suffix in CODE and not _is_vendored(pair[0]))


def test_no_file_of_code_is_longer_than_400_lines() -> None:
    long = {str(path.relative_to(ROOT)): text.count("\n") for path, text in _code() if text.count("\n") > LONGEST_FILE}
    assert long == {}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_no_function_is_longer_than_60_lines(package: Path) -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": _lines(node)
        for path, text in texts(package)
        if path.suffix == ".py" and path.parent.name != "versions"  # a migration is made by a command, then left alone
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > LONGEST_FUNCTION
    }
    assert long == {}


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
