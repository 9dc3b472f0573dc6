"""docs/hooks.md, made of the specifications: `python -m crowdcore.hookdocs > docs/hooks.md`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

from crowdcore.hookspecs import SPECS
from crowdcore.plugins.checks import HOOKS

INTRO = """# Hooks

Every hook a plugin or a task's own hooks.py may implement. Made of `crowdcore/hookspecs.py` by
`make docs/hooks.md`; don't edit.

{overview}
"""


def render() -> str:
    """The whole page as Markdown."""
    overview = inspect.cleandoc(sys.modules[SPECS[0].__module__].__doc__ or "")
    parts = [INTRO.format(overview=overview)]
    for group in SPECS:
        parts.append(f"## {group.__name__.removesuffix('Specs')}\n\n{inspect.getdoc(group)}\n")
        parts += [_section(name, function) for name, function in vars(group).items() if name in HOOKS]
    return "\n".join(parts)


def _section(name: str, function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    shown = signature.replace(parameters=[p for n, p in signature.parameters.items() if n != "self"])
    text = re.sub(r"'([^']*)'", r"\1", str(shown)) if "Literal" not in str(shown) else str(shown)
    spec = HOOKS[name]
    color = "async def" if spec.is_async else "def"
    words, code = _split(inspect.getdoc(function) or "")
    example = f"\n```python\n{code}\n```\n" if code else ""
    return f"### {name}\n\n*{spec.kind}* · `{color} {name}{text}`\n\n{words}\n{example}"


def _split(doc: str) -> tuple[str, str]:
    """The words of a docstring and its example, which starts with `@hookimpl`."""
    words, found, code = doc.partition("@hookimpl")
    return words.strip(), inspect.cleandoc(" " * _indent(doc) + found + code) if found else ""


def _indent(doc: str) -> int:
    line = next(line for line in doc.splitlines() if "@hookimpl" in line)
    return len(line) - len(line.lstrip())


if __name__ == "__main__":
    sys.stdout.write(render())
