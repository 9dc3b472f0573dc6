"""YAML text as nodes that know their line and source text.

Composed from the parser's events, not by PyYAML's own composer: that one recurses in C without a bound
(a file of 100,000 brackets ends the process) and forgets how a number was spelt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 64
_TAG = "tag:yaml.org,2002:"


class Unreadable(Exception):
    """A source that cannot be read; `problems` are its lines."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass
class Node:
    """A value before it gets its place (aliases share nodes): a scalar, or a list or dict of nodes.

    `text` is the source text of a scalar that is no string, e.g. `0.30` or `yes`.
    """

    value: Any
    line: int
    text: str | None = None


def parse(text: str, name: str) -> Node:
    """The value that YAML `text` holds; Unreadable, lines `name:line:column: …`, if it is none."""
    import yaml  # only needed when a file is read

    refused = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if refused:
        line = text.count("\n", 0, refused.start()) + 1
        raise Unreadable(f"{name}:{line}: not valid YAML: the character {refused[0]!a} is not allowed")
    try:
        return _Composer(text, name).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = error.problem or error.context or ""
        if (
            mark
            and text.split("\n")[mark.line : mark.line + 1]
            and "\t" in text.split("\n")[mark.line][mark.column :][:1]
        ):
            problem = "indent with spaces, not with tabs"
        raise Unreadable(f"{name}{at}: not valid YAML: {_plain(problem)}") from None
    except yaml.YAMLError as error:
        raise Unreadable(f"{name}: not valid YAML: {' '.join(str(error).split())}") from None


def plain_scalar(text: str) -> Node:
    """The value of a bare word as YAML reads it: `3`, `yes`, `null`, or text."""
    import yaml  # as above

    resolver: Any = yaml.resolver.Resolver()  # its methods have no types
    tag = resolver.resolve(yaml.ScalarNode, text, (True, False))
    return _scalar(tag.removeprefix(_TAG), text, 0)


def _plain(problem: str) -> str:
    hint = "; put text that holds ': ' in quotes" if "mapping values are not allowed" in problem else ""
    return f"{problem}{hint}"


def _scalar(kind: str, text: str, line: int) -> Node:
    spelt = text.replace("_", "").lower()
    try:
        if kind == "null":
            return Node(None, line)
        if kind == "bool":
            return Node(spelt in ("yes", "true", "on"), line, text)
        if kind == "int":
            return Node(int(spelt, 0), line, text)
        if kind == "float" and spelt.lstrip("+-") not in (".inf", ".nan"):
            return Node(float(spelt), line, text)
    except ValueError:
        pass  # 010, 1:30 and numbers of thousands of digits stay text; the option's type judges them
    return Node(text, line)


class _Composer:
    """Recursive descent over the parser's events, at most MAX_DEPTH deep."""

    def __init__(self, text: str, name: str) -> None:
        import yaml  # as above

        self.events = yaml.events
        self.scalar_node = yaml.ScalarNode
        self.loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        self.name = name
        self.anchors: dict[str, Node | None] = {}
        self.problems: list[str] = []

    def document(self) -> Node:
        loader = self.loader
        loader.get_event()
        if loader.check_event(self.events.StreamEndEvent):
            return Node(None, 1)
        loader.get_event()
        node = self.node(0)
        loader.get_event()
        if not loader.check_event(self.events.StreamEndEvent):
            line = loader.peek_event().start_mark.line + 1
            self.problems.append(f"{self.name}:{line}: a second document (---) in one file")
        if self.problems:
            raise Unreadable(*self.problems)
        return node

    def node(self, depth: int) -> Node:
        event = self.loader.get_event()
        line = event.start_mark.line + 1
        if depth > MAX_DEPTH:
            raise Unreadable(f"{self.name}:{line}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, self.events.AliasEvent):
            found = self.anchors.get(str(event.anchor))
            if found is None:
                self.problems.append(f"{self.name}:{line}: *{event.anchor} has no anchor &{event.anchor} before it")
            return found or Node(None, line)
        if event.anchor:
            self.anchors[event.anchor] = None  # until it is complete: an alias inside itself has no value
        if isinstance(event, self.events.ScalarEvent):
            node = _scalar(self.kind(event, line), event.value, line)
        else:
            sequence = isinstance(event, self.events.SequenceStartEvent)
            if event.tag not in (None, "!", f"{_TAG}{'seq' if sequence else 'map'}"):
                self.foreign(event.tag, line)
            node = Node(self.items(depth) if sequence else self.pairs(depth), line)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def kind(self, event: Any, line: int) -> str:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self.loader.resolve(self.scalar_node, event.value, event.implicit)
        if not tag.startswith(_TAG):
            self.foreign(tag, line)
        return str(tag.removeprefix(_TAG))

    def foreign(self, tag: str, line: int) -> None:
        short = f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag
        self.problems.append(f"{self.name}:{line}: the YAML tag {short} is not supported")

    def items(self, depth: int) -> list[Node]:
        found = []
        while not self.loader.check_event(self.events.SequenceEndEvent):
            found.append(self.node(depth + 1))
        self.loader.get_event()
        return found

    def pairs(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        merged: list[Node] = []
        while not self.loader.check_event(self.events.MappingEndEvent):
            bare = self.loader.peek_event()
            key = self.node(depth + 1)
            value = self.node(depth + 1)
            if isinstance(key.value, list | dict):
                self.problems.append(f"{self.name}:{key.line}: a key must be a word")
                continue
            name = str(getattr(bare, "value", key.value if key.text is None else key.text))
            if name == "<<":
                merged += value.value if isinstance(value.value, list) else [value]
            elif name in found:
                self.problems.append(f"{self.name}:{key.line}: the key {name!r} stands twice in one section")
            else:
                found[name] = Node(value.value, key.line, value.text)
        self.loader.get_event()
        for node in merged:
            if isinstance(node.value, dict):
                found = {**node.value, **found}
            else:
                self.problems.append(f"{self.name}:{node.line}: << needs a section")
        return found
