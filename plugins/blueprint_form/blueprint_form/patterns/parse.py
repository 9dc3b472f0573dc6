"""JavaScript's grammar of regular expressions, less what Python's side cannot do the same way."""

from __future__ import annotations

import re

from blueprint_form.patterns import charset
from blueprint_form.patterns.classes import PatternError, Reader, read_class, read_escape_set, read_literal
from blueprint_form.patterns.nodes import BackReference, Chars, Choice, Edge, Group, Look, Node, Repeat, Sequence
from blueprint_form.patterns.references import check_references

__all__ = ["PatternError", "parse"]

LONGEST = 5000
MOST_REPEATS = 10_000
_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)


def parse(source: str, flags: str) -> Node:
    """The tree of `/source/flags`; PatternError says what is wrong and what to write instead."""
    if len(source) > LONGEST:
        raise PatternError(f"the pattern is longer than {LONGEST:,} characters")
    parser = _Parser(source, flags)
    tree = parser.choice()
    if parser.reader.more():
        raise PatternError("unmatched )")
    check_references(tree, parser.references, ignore_case="i" in flags)
    return tree


class _Parser:
    def __init__(self, source: str, flags: str) -> None:
        self.reader = Reader(source, unicode="u" in flags, ignore_case="i" in flags)
        self.dot_all = "s" in flags
        self.names = _group_names(source)
        self.groups = 0
        self.group_total = len(_capturing(source))
        self.depth = 0
        self.references: list[BackReference] = []

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > 100:
            raise PatternError("groups are nested more than 100 deep")
        options = [self.sequence()]
        while self.reader.take("|"):
            options.append(self.sequence())
        self.depth -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Node:
        items: list[Node] = []
        while self.reader.more() and not self.reader.at("|") and not self.reader.at(")"):
            items.append(self.term())
        return Sequence(tuple(items))

    def term(self) -> Node:
        reader = self.reader
        if reader.take("^"):
            return self._no_repeat(Edge("^"))
        if reader.take("$"):
            return self._no_repeat(Edge("$"))
        if reader.at("\\b") or reader.at("\\B"):
            reader.position += 2
            return self._no_repeat(Edge("b" if reader.back(1) == ord("b") else "B"))
        if reader.take("("):
            node = self.parenthesis()
            return self._no_repeat(node) if isinstance(node, Look) else self.repeated(node)
        return self.repeated(self.atom())

    def _no_repeat(self, node: Node) -> Node:
        if self._quantifier() is not None:
            raise PatternError("a quantifier after a place (^ $ \\b or a lookaround) is not offered")
        return node

    def parenthesis(self) -> Node:
        reader = self.reader
        for text, behind, negative in (("?=", False, False), ("?!", False, True),
                                       ("?<=", True, False), ("?<!", True, True)):  # fmt: skip
            if reader.take(text):
                return Look(behind, negative, self._closed())
        if reader.take("?:"):
            return Group(None, self._closed())
        if reader.take("?<"):
            self._group_name()
        elif reader.at("?P"):
            raise PatternError("(?P…) is Python's; in JavaScript write (?<name>…)")
        elif reader.at("?"):
            raise PatternError("this kind of group is not in JavaScript; use (…), (?:…), (?=…), (?<name>…)")
        self.groups += 1
        index = self.groups
        return Group(index, self._closed())

    def _closed(self) -> Node:
        body = self.choice()
        if not self.reader.take(")"):
            raise PatternError("a ( is never closed")
        return body

    def _group_name(self) -> str:
        name = self.reader.until(">")
        if name is None or not _NAME.fullmatch(name):
            raise PatternError("a group's name is made of letters, digits and _ and ends with >")
        return name

    def atom(self) -> Node:
        reader = self.reader
        if reader.take("."):
            last = charset.top(reader.unicode)
            return Chars(((0, last),) if self.dot_all else charset.complement(charset.LINE_END, last))
        if reader.take("["):
            return read_class(reader)
        if reader.at("*") or reader.at("+") or reader.at("?"):
            raise PatternError(f"nothing to repeat before {chr(reader.peek())}")
        if reader.at("\\"):
            return self._escape()
        if reader.at("{") and (reader.unicode or self._quantifier() is not None):
            raise PatternError("a lone { must be written \\{")
        if reader.unicode and (reader.at("]") or reader.at("}")):
            raise PatternError(f"with flag u a lone {chr(reader.peek())} needs a backslash")
        return reader.literal(reader.next())

    def _escape(self) -> Node:
        reader = self.reader
        reader.position += 1
        found = read_escape_set(reader)
        if found is not None:
            return found
        if reader.at_any("123456789"):
            return self._reference(int(reader.digits()))
        if reader.take("k"):
            if not reader.take("<"):
                raise PatternError("\\k needs a group's name: \\k<name>")
            name = self._group_name()
            if name not in self.names:
                raise PatternError(f"\\k<{name}> names no group")
            return self._reference(self.names.index(name) + 1)
        return reader.literal(read_literal(reader, in_class=False))

    def _reference(self, index: int) -> Node:
        if index > self.group_total:
            raise PatternError(f"\\{index} refers to a group that does not exist")
        node = BackReference(index)
        self.references.append(node)
        return node

    def repeated(self, node: Node) -> Node:
        bounds = self._quantifier()
        if bounds is None:
            return node
        lazy = self.reader.take("?")
        if self._quantifier() is not None:
            raise PatternError("two quantifiers in a row (possessive ones are not in JavaScript)")
        return Repeat(node, *bounds, lazy)

    def _quantifier(self) -> tuple[int, int | None] | None:
        reader = self.reader
        for sign, least, most in (("*", 0, None), ("+", 1, None), ("?", 0, 1)):
            if reader.take(sign):
                return least, most
        found = re.compile(r"\{(\d+)(,?)(\d*)\}", re.ASCII).match(reader.rest(30))
        if found is None or (not found[2] and found[3]):
            return None
        reader.position += found.end()
        least = int(found[1])
        last = int(found[3]) if found[3] else (None if found[2] else least)
        if max(least, last or 0) > MOST_REPEATS:
            raise PatternError(f"more than {MOST_REPEATS:,} repetitions are not offered")
        if last is not None and last < least:
            raise PatternError("numbers out of order in {…}")
        return least, last


def _capturing(source: str) -> list[str]:
    """The names ("" for none) of the capturing groups in order; classes and escapes are skipped."""
    plain = re.sub(r"\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]", lambda found: "_" * len(found[0]), source)
    return [found[1] or "" for found in re.finditer(r"\((?!\?)|\(\?<(?![=!])([^>]*)>?", plain)]


def _group_names(source: str) -> list[str]:
    names = _capturing(source)
    for name in names:
        if name and names.count(name) > 1:
            raise PatternError(f"two groups are named {name}")
    return names
