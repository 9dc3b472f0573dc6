"""Text of strangers stands in most lines that commands print, so there is one way to print."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.repo.tree import PACKAGES, ROOT, texts

WAYS = {"crowdcore/cli/common.py", "crowdcore/cli/logs.py", "crowdcore/cli/__init__.py"}
"""The way itself: commands, the log, what ends a command."""
RAW = ("click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write", "print", "click.prompt", "click.confirm")


def _raw(text: str) -> Iterator[tuple[int, str]]:
    """Calls that print, but for those whose first argument is a constant or has been made printable."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in RAW and not any(map(_shows, node.args[:1])):
            yield node.lineno, ast.unparse(node)


def _shows(node: ast.expr) -> bool:
    """Whether the text is a constant, made by `printable`, or an f-string of such."""
    if isinstance(node, ast.JoinedStr):
        return all(_shows(part.value) for part in node.values if isinstance(part, ast.FormattedValue))
    if isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper()):
        return True
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("printable")


def _code() -> Iterator[tuple[Path, str]]:
    for package in PACKAGES:
        yield from ((path, text) for path, text in texts(package) if path.suffix == ".py")


def test_everything_is_printed_by_the_way_that_only_shows() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}": call
        for path, text in _code()
        if str(path.relative_to(ROOT)) not in WAYS
        for line, call in _raw(text)
    }
    assert found == {}
