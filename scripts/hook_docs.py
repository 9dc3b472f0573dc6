"""docs/hooks.md, made of the specifications: `make docs`, or `python scripts/hook_docs.py > docs/hooks.md`."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import textwrap
from typing import get_args

from crowdcore import status, types
from crowdcore.plugins import hookspecs
from crowdcore.plugins.checks import HOOKS
from crowdcore.plugins.hookspecs import SPECS
from crowdcore.plugins.live_assignment import LiveAssignment, Message

FUNCTIONS = {name: vars(group)[name] for group in SPECS for name in vars(group) if name in HOOKS}
"""Every specification by the name of its hook, in the order of the page."""

_EXAMPLE = re.compile(r"^ *(from \S+ import |import \S+$).*", re.MULTILINE | re.DOTALL)

INTRO = """# Hooks

Every hook a plugin or a task's own hooks.py may implement. Made of `crowdcore/plugins/hookspecs/`
by `make docs`; a test compares them, and another runs every example.

{overview}
"""


def render() -> str:
    """The whole page as Markdown."""
    overview = inspect.cleandoc(hookspecs.__doc__ or "")
    parts = [INTRO.format(overview=overview)]
    for group in SPECS:
        parts.append(f"## {group.__name__.removesuffix('Specs')}\n\n{inspect.getdoc(group)}\n")
        parts += [_section(name) for name in vars(group) if name in HOOKS]
    return "\n".join([*parts, *values()])


def values() -> list[str]:
    """What hooks are given and may answer, from the declarations of `crowdcore.types` and of live work."""
    parts = ["## What hooks are given, and what they answer\n", f"{inspect.getdoc(types)}\n"]
    shown = [item for item in vars(types).values() if isinstance(item, type) and item.__module__ == types.__name__]
    for cls in (*shown, Message):
        if dataclasses.is_dataclass(cls):
            rows = [f"| `{f.name}` | `{_cell(str(f.type))}`{_default(f)} |" for f in dataclasses.fields(cls)]
            table = ["| field | type |", "|---|---|", *rows, ""] if rows else []
            parts.append("\n".join([f"### {cls.__name__}\n", f"{inspect.getdoc(cls)}\n", *table]))
    members = [name for name in vars(LiveAssignment) if not name.startswith("_")]
    rows = [f"| `{name}` | {_cell(' '.join((inspect.getdoc(getattr(LiveAssignment, name)) or '').split()))} |"
            for name in members]  # fmt: skip
    parts.append("\n".join([f"### LiveAssignment\n\n{inspect.getdoc(LiveAssignment)}\n", "| member | |", "|---|---|",
                            *rows, ""]))  # fmt: skip
    return parts


def _cell(text: str) -> str:
    for name in ("AgentKind", "AssignmentKind"):
        text = text.replace(name, " | ".join(repr(word) for word in get_args(getattr(status, name))))
    return text.replace("|", "\\|")


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is not dataclasses.MISSING:
        return f", {field.default!r} if it is not said"
    return "" if field.default_factory is dataclasses.MISSING else ", empty if it is not said"


def _section(name: str) -> str:
    words, code = _split(name)
    shown = f"\n```python\n{code}\n```\n" if code else ""
    return f"### {name}\n\n*{HOOKS[name].kind}* · `{signature(name)}`\n\n{words}\n{shown}"


def signature(name: str) -> str:
    """`def blueprint_call(run: Run, agent: Agent, procedure: str, args: Any) -> Any`."""
    found = inspect.signature(FUNCTIONS[name])
    parameters = [
        f"{p.name}: {p.annotation}" + ("" if p.default is p.empty else f" = {p.default!r}")
        for p in found.parameters.values()
        if p.name != "self"
    ]
    colour = "async def" if HOOKS[name].is_async else "def"
    return f"{colour} {name}({', '.join(parameters)}) -> {found.return_annotation}"


def example(name: str) -> str:
    """The example of one hook, Python to be pasted; "" if its specification has none."""
    return _split(name)[1]


def _split(name: str) -> tuple[str, str]:
    """The words of a specification and its example, which begins with what it imports."""
    doc = inspect.getdoc(FUNCTIONS[name]) or ""
    found = _EXAMPLE.search(doc)
    return (doc.strip(), "") if found is None else (doc[: found.start()].strip(), textwrap.dedent(found[0]).strip())


if __name__ == "__main__":
    sys.stdout.write(render())
