"""Where in a script a position lies: in a string, in code, in a comment, in a regular expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Place = Literal["string", "code", "comment", "pattern", "own"]
"""`own`: inside a template literal, where `${…}` is JavaScript's."""

_BEFORE_PATTERN = set("(,=:[!&|?{};+-*%~^<>\n")
_WORDS_BEFORE_PATTERN = {
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "do",
    "else",
    "instanceof",
}
_WORD = re.compile(r"[\w$]+")
_COMMENT = re.compile(r"//[^\n]*|<!--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_PATTERN = re.compile(r"/(?:[^\\/\[\n]|\\.|\[(?:[^\\\]\n]|\\.)*\])+/")


class Reader:
    """Reads a script once; `places` says where each of the marks (start → end) lies."""

    def __init__(self, code: str, marks: Mapping[int, int]) -> None:
        self._code = code
        self._marks = marks
        self._at = 0
        self._last = ""  # the last word or sign of the code, which says whether / divides
        self._braces: list[int] = []  # for each open ${ of a template literal: the braces open in it
        self.places: dict[int, Place] = {}

    def read(self) -> dict[int, Place]:
        """The places of all marks."""
        while self._at < len(self._code):
            self._code_step()
        return self.places

    def _code_step(self) -> None:
        code, at = self._code, self._at
        sign = code[at]
        if at in self._marks:
            self._mark("code")
            self._last = "value"
        elif (comment := _COMMENT.match(code, at)) is not None:
            self._through(comment.end(), "comment")
        elif sign in "'\"":
            self._string(sign)
        elif sign == "`":
            self._at += 1
            self._literal()
        elif sign == "/" and self._may_be_pattern() and (pattern := _PATTERN.match(code, at)) is not None:
            self._through(pattern.end(), "pattern")
            self._last = "value"
        elif (word := _WORD.match(code, at)) is not None:
            self._last, self._at = word.group(), word.end()
            for start in self._marks:
                if word.start() < start < word.end():  # `$` begins both: leave the mark to the next step
                    self._last, self._at = code[at:start], start
        else:
            self._sign(sign)

    def _sign(self, sign: str) -> None:
        self._at += 1
        if sign == "{" and self._braces:
            self._braces[-1] += 1
        elif sign == "}" and self._braces:
            if self._braces[-1] == 0:
                self._braces.pop()
                self._literal()
                return
            self._braces[-1] -= 1
        if not sign.isspace():
            self._last = sign

    def _may_be_pattern(self) -> bool:
        return not self._last or self._last in _BEFORE_PATTERN or self._last in _WORDS_BEFORE_PATTERN

    def _mark(self, place: Place) -> None:
        self.places[self._at] = place
        self._at = self._marks[self._at]

    def _through(self, end: int, place: Place) -> None:
        for start in self._marks:
            if self._at <= start < end:
                self.places[start] = place
        self._at = end

    def _string(self, quote: str) -> None:
        self._at += 1
        while self._at < len(self._code):
            sign = self._code[self._at]
            if self._at in self._marks:
                self._mark("string")
                continue
            self._at += 2 if sign == "\\" else 1
            if sign in (quote, "\n"):
                break
        self._last = "value"

    def _literal(self) -> None:
        """The text of a template literal, up to its end or to the next `${`."""
        while self._at < len(self._code):
            sign = self._code[self._at]
            if sign == "$" and self._code.startswith("{", self._at + 1):
                self.places.setdefault(self._at, "own")
                self._braces.append(0)
                self._at += 2
                self._last = "{"
                return
            self._at += 2 if sign == "\\" else 1
            if sign == "`":
                break
        self._last = "value"


def places(code: str, marks: Mapping[int, int]) -> dict[int, Place]:
    """Where in `code` each mark lies; `marks` are the stretches (start → end) that values will replace."""
    return Reader(code, marks).read()
