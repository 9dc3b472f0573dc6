"""Writing a pattern's tree for the `regex` library."""

from __future__ import annotations

from blueprint_form.patterns import charset
from blueprint_form.patterns.charset import Ranges
from blueprint_form.patterns.nodes import BackReference, Chars, Choice, Edge, Group, Look, Node, Repeat, Sequence


def emit(node: Node, flags: str) -> str:
    """`node` as text for regex.compile, which needs no flag."""
    match node:
        case Chars():
            return _chars(node)
        case Edge(kind):
            return _edge(kind, flags)
        case BackReference(index):
            return f"(?:(?({index})\\{index}))"
        case Group(index, body):
            return f"({emit(body, flags)})" if index is not None else f"(?:{emit(body, flags)})"
        case Look(behind, negative, body):
            return f"(?{'<' if behind else ''}{'!' if negative else '='}{emit(body, flags)})"
        case Repeat(body, least, most, lazy):
            bounds = f"{{{least},{'' if most is None else most}}}"
            return f"(?:{emit(body, flags)}){bounds}{'?' if lazy else ''}"
        case Sequence(items):
            return "".join(emit(item, flags) for item in items)
        case Choice(options):
            return "(?:" + "|".join(emit(option, flags) for option in options) + ")"


def _chars(node: Chars) -> str:
    parts = _class_text(node.ranges)
    parts += "".join(f"\\{'P' if negated else 'p'}{{{name}}}" for negated, name in node.properties)
    if node.inverted:
        return f"[^{parts}]"
    if not parts:
        return "(?!)"
    return f"[{parts}]"


def _class_text(ranges: Ranges) -> str:
    return "".join(_code(low) if low == high else f"{_code(low)}-{_code(high)}" for low, high in ranges)


def _code(code: int) -> str:
    return f"\\U{code:08X}"


def _edge(kind: str, flags: str) -> str:
    ends = _class_text(charset.LINE_END)
    if kind == "^":
        return f"(?:\\A|(?<=[{ends}]))" if "m" in flags else "\\A"
    if kind == "$":
        return f"(?:\\Z|(?=[{ends}]))" if "m" in flags else "\\Z"
    word = f"[{_class_text(charset.word('u' in flags, 'i' in flags))}]"
    if kind == "b":
        return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"
    return f"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))"
