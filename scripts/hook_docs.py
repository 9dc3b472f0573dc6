"""docs/hooks.md, made of the specifications: `make docs`, or `python scripts/hook_docs.py > docs/hooks.md`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from crowdcore import hookspecs
from crowdcore.hookspecs import SPECS
from crowdcore.plugins.checks import HOOKS

INTRO = """# Hooks

Every hook a plugin or a task's own hooks.py may implement. Made of `crowdcore/hookspecs/`
by `make docs`; a test compares them.

{overview}
"""


def render() -> str:
    """The whole page as Markdown."""
    overview = inspect.cleandoc(hookspecs.__doc__ or "")
    parts = [INTRO.format(overview=overview)]
    for group in SPECS:
        parts.append(f"## {group.__name__.removesuffix('Specs')}\n\n{inspect.getdoc(group)}\n")
        parts += [_section(name, function) for name, function in vars(group).items() if name in HOOKS]
    return "\n".join(parts)


def _section(name: str, function: Callable[..., Any]) -> str:
    spec = HOOKS[name]
    words, code = _split(inspect.getdoc(function) or "")
    example = f"\n```python\n{code}\n```\n" if code else ""
    return f"### {name}\n\n*{spec.kind}* · `{signature(name, function)}`\n\n{words}\n{example}"


def signature(name: str, function: Callable[..., Any]) -> str:
    """`def blueprint_call(run: Run, agent: Agent, procedure: str, args: Any) -> Any`."""
    found = inspect.signature(function)
    parameters = [
        f"{p.name}: {p.annotation}" + ("" if p.default is p.empty else f" = {p.default!r}")
        for p in found.parameters.values()
        if p.name != "self"
    ]
    colour = "async def" if HOOKS[name].is_async else "def"
    return f"{colour} {name}({', '.join(parameters)}) -> {found.return_annotation}"


def _split(doc: str) -> tuple[str, str]:
    """The words of a docstring and its example, which starts with `@hookimpl`."""
    words, found, code = doc.partition("@hookimpl")
    return words.strip(), inspect.cleandoc(" " * _indent(doc) + found + code) if found else ""


def _indent(doc: str) -> int:
    line = next(line for line in doc.splitlines() if "@hookimpl" in line)
    return len(line) - len(line.lstrip())


if __name__ == "__main__":
    sys.stdout.write(render())
