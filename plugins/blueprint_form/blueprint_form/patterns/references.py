"""Which backreferences mean the same on both sides.

JavaScript forgets a group's text at each round of a loop around it and lets a reference to an unset
group match nothing; Python remembers and fails. What can be written to agree is; the rest is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from blueprint_form.patterns.classes import PatternError
from blueprint_form.patterns.nodes import BackReference, Chars, Choice, Edge, Group, Look, Node, Repeat, Sequence


def check_references(tree: Node, references: list[BackReference], ignore_case: bool) -> None:
    """PatternError for the first backreference that would not mean the same in Python."""
    if not references:
        return
    if ignore_case:
        raise PatternError("a backreference together with flag i is not the same on both sides")
    looped: set[int] = set()
    closed: set[int] = set()
    for node, inside_loop, inside_look in _walk(tree, False, False):
        if isinstance(node, Group) and node.index is not None and (inside_loop or inside_look):
            looped.add(node.index)
    for event, index in _order(tree):
        if event == "close":
            closed.add(index)
        elif index not in closed:
            raise PatternError(f"\\{index} stands before the end of its group and would always be empty")
        elif index in looped:
            raise PatternError(f"\\{index} refers into a repeated group or a lookaround: not the same on both sides")


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Sequence(items):
            return items
        case Choice(options):
            return options
        case Group() | Look() | Repeat():
            return (node.body,)
        case Chars() | Edge() | BackReference():
            return ()


def _walk(node: Node, loop: bool, look: bool) -> Iterator[tuple[Node, bool, bool]]:
    yield node, loop, look
    if isinstance(node, Repeat):
        loop = loop or node.most is None or node.most > 1
    elif isinstance(node, Look):
        look = look or node.behind or node.negative
        if node.behind and any(isinstance(inner, BackReference) for inner, _, _ in _walk(node.body, loop, look)):
            raise PatternError("a backreference inside a lookbehind is not the same on both sides")
    for child in _children(node):
        yield from _walk(child, loop, look)


def _order(node: Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, BackReference):
        yield "use", node.index
    for child in _children(node):
        yield from _order(child)
    if isinstance(node, Group) and node.index is not None:
        yield "close", node.index
