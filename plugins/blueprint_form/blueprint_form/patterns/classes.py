"""Reading characters, escapes and [classes] of a pattern."""

from __future__ import annotations

import re
from typing import NoReturn

from blueprint_form.patterns import charset
from blueprint_form.patterns.charset import Ranges
from blueprint_form.patterns.nodes import Chars

_CONTROL = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_SYNTAX = "^$\\.*+?()[]{}|/"
_CATEGORIES = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp"
_SCRIPTS = "Latin Greek Cyrillic Armenian Hebrew Arabic Devanagari Thai Hangul Hiragana Katakana Han"
_PROPERTIES = frozenset([*_CATEGORIES.split(), *(f"Script={name}" for name in _SCRIPTS.split())])


class PatternError(ValueError):
    """A pattern that JavaScript refuses, or that could not be judged the same way in Python."""


class Reader:
    """The characters of a pattern: code points with flag u, UTF-16 code units without."""

    def __init__(self, source: str, unicode: bool, ignore_case: bool) -> None:
        self.text = source if unicode else charset.to_units(source)
        self.unicode = unicode
        self.ignore_case = ignore_case
        self.position = 0

    def more(self) -> bool:
        """Whether anything is left."""
        return self.position < len(self.text)

    def rest(self, count: int) -> str:
        """The next `count` characters, not taken."""
        return self.text[self.position : self.position + count]

    def at(self, text: str) -> bool:
        """Whether `text` comes next."""
        return self.text.startswith(text, self.position)

    def at_any(self, chars: str) -> bool:
        """Whether one of `chars` comes next."""
        return self.more() and self.text[self.position] in chars

    def take(self, text: str) -> bool:
        """Take `text` if it comes next."""
        if not self.at(text):
            return False
        self.position += len(text)
        return True

    def peek(self) -> int:
        """The next character."""
        return ord(self.text[self.position])

    def back(self, count: int) -> int:
        """The character taken `count` steps ago."""
        return ord(self.text[self.position - count])

    def next(self) -> int:
        """Take the next character."""
        if not self.more():
            raise PatternError("the pattern ends too early")
        self.position += 1
        return self.back(1)

    def digits(self) -> str:
        """Take all decimal digits that come next."""
        start = self.position
        while self.at_any("0123456789"):
            self.position += 1
        return self.text[start : self.position]

    def hexadecimal(self, count: int) -> int | None:
        """Take exactly `count` hexadecimal digits, or nothing."""
        text = self.rest(count)
        if len(text) < count or not re.fullmatch(r"[0-9A-Fa-f]+", text):
            return None
        self.position += count
        return int(text, 16)

    def until(self, end: str) -> str | None:
        """Take all before `end`, and `end`; None when it never comes."""
        stop = self.text.find(end, self.position)
        if stop < 0:
            return None
        text, self.position = self.text[self.position : stop], stop + 1
        return text

    def folded(self, ranges: Ranges) -> Ranges:
        """`ranges` as flag i sees them."""
        return charset.fold(ranges, self.unicode) if self.ignore_case else ranges

    def literal(self, code: int) -> Chars:
        """One character."""
        return Chars(self.folded(((code, code),)))


def read_escape_set(reader: Reader) -> Chars | None:
    r"""The set of \d \w \s \p and their opposites after a backslash; None when it is something else."""
    name = reader.rest(1)
    if not name or name not in "dDwWsSpP":
        return None
    reader.position += 1
    if name in "pP":
        return Chars((), ((name == "P", _property(reader)),))
    word = charset.word(reader.unicode, reader.ignore_case)
    ranges = {"d": charset.DIGIT, "w": word, "s": charset.SPACE}[name.lower()]
    if name.isupper():
        ranges = charset.complement(ranges, charset.top(reader.unicode))
    return Chars(reader.folded(ranges))


def _property(reader: Reader) -> str:
    if not reader.unicode:
        raise PatternError("\\p{…} needs flag u in JavaScript")
    if reader.ignore_case:
        raise PatternError("\\p{…} with flag i is not the same on both sides: name both cases instead")
    name = (reader.until("}") or "") if reader.take("{") else ""
    name = re.sub(r"^(gc|General_Category)=", "", name)
    name = re.sub(r"^sc=", "Script=", name)
    if name not in _PROPERTIES:
        raise PatternError(f"\\p{{{name}}} is not offered; use a category such as L, Lu, Nd, P or Script=Greek")
    return name


def read_literal(reader: Reader, in_class: bool) -> int:
    """The single character that an escape (the backslash is taken) stands for."""
    code = reader.next()
    char = chr(code)
    if char in _CONTROL:
        return _CONTROL[char]
    if char == "0":
        if reader.at_any("0123456789"):
            raise PatternError("octal escapes are not offered: write \\xHH")
        return 0
    if char == "c":
        if not re.fullmatch(r"[A-Za-z]", reader.rest(1)):
            raise PatternError("\\c needs a letter")
        return reader.next() % 32
    if char == "x":
        found = reader.hexadecimal(2)
        if found is None:
            raise PatternError("\\x needs two hexadecimal digits")
        return found
    if char == "u":
        return _unicode_escape(reader)
    if in_class and char == "b":
        return 8
    if (char in _SYNTAX) or (char == "-" and (in_class or not reader.unicode)):
        return code
    return _identity(reader, code)


def _identity(reader: Reader, code: int) -> int:
    char = chr(code)
    if char.isascii() and char.isalnum():
        _refuse_letter(char)
    if reader.unicode:
        raise PatternError(f"with flag u \\{char} is an error in JavaScript: drop the backslash")
    return code


def _refuse_letter(char: str) -> NoReturn:
    hint = {"A": ": use ^", "Z": ": use $", "z": ": use $", "h": ": use [ \\t]"}.get(char, "")
    raise PatternError(f"\\{char} has no meaning in JavaScript's expressions{hint}")


def _unicode_escape(reader: Reader) -> int:
    if reader.at("{"):
        if not reader.unicode:
            raise PatternError("\\u{…} needs flag u in JavaScript")
        text = reader.until("}") or ""
        if not re.fullmatch(r"\{[0-9A-Fa-f]+", text) or int(text[1:], 16) > 0x10FFFF:
            raise PatternError("\\u{…} needs a hexadecimal code point")
        return int(text[1:], 16)
    high = reader.hexadecimal(4)
    if high is None:
        raise PatternError("\\u needs four hexadecimal digits")
    if reader.unicode and 0xD800 <= high <= 0xDBFF and reader.at("\\u"):
        before = reader.position
        reader.position += 2
        low = reader.hexadecimal(4)
        if low is not None and 0xDC00 <= low <= 0xDFFF:
            return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
        reader.position = before
    return high


def read_class(reader: Reader) -> Chars:
    """The set between brackets, whose opening one is taken."""
    inverted = reader.take("^")
    ranges: list[tuple[int, int]] = []
    properties: list[tuple[bool, str]] = []
    while not reader.take("]"):
        first = _class_atom(reader)
        if reader.at("-") and not reader.at("-]"):
            reader.position += 1
            ranges += _class_range(reader, first, properties)
        else:
            ranges += _as_ranges(first, properties)
    merged = reader.folded(charset.union(ranges))
    if inverted and not properties:
        return Chars(charset.complement(merged, charset.top(reader.unicode)))
    return Chars(merged, tuple(properties), inverted)


def _class_atom(reader: Reader) -> int | Chars:
    if not reader.more():
        raise PatternError("a [ is never closed")
    if not reader.take("\\"):
        return reader.next()
    if reader.at_any("123456789"):
        raise PatternError("octal escapes are not offered: write \\xHH")
    return read_escape_set(reader) or read_literal(reader, in_class=True)


def _class_range(reader: Reader, first: int | Chars, properties: list[tuple[bool, str]]) -> list[tuple[int, int]]:
    last = _class_atom(reader)
    if isinstance(first, int) and isinstance(last, int):
        if last < first:
            raise PatternError(f"range out of order in a class: {chr(first)}-{chr(last)}")
        return [(first, last)]
    if reader.unicode:
        raise PatternError("with flag u a set such as \\w cannot be an end of a range: write \\-")
    hyphen = ord("-")
    return [*_as_ranges(first, properties), (hyphen, hyphen), *_as_ranges(last, properties)]


def _as_ranges(atom: int | Chars, properties: list[tuple[bool, str]]) -> list[tuple[int, int]]:
    if isinstance(atom, int):
        return [(atom, atom)]
    properties += atom.properties
    return list(atom.ranges)
