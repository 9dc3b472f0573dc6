"""{{tokens}}: one unit_config with many sets of values makes many items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from blueprint_form.insertions import Insertions, walk
from blueprint_form.left_out import broken_tokens
from blueprint_form.markup import TOKEN, fill
from blueprint_form.problems import Problem, key_path, shape, suggestion
from blueprint_form.sanitise import NOT_HTML
from blueprint_form.schema import FREE_VALUES, HTML_ATTRIBUTES, TOKEN_ATTRIBUTES

TokenSet = dict[str, str]

_ANY_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_SHOWN = TOKEN_ATTRIBUTES - {"value"}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ATTRIBUTE = re.compile(r"([A-Za-z_]+)$")
_MARKUP = re.compile(
    r"</?(?:a|b|br|code|div|em|h[1-6]|i|img|li|ol|p|pre|span|strong|sub|sup|table|u|ul)\b[^<>]*>", re.I
)


def read_token_sets(value: Any) -> tuple[list[TokenSet], list[Problem]]:
    """The sets of token_sets_values_config.json: [{"tokens_values": {token: value}}, …]."""
    if not isinstance(value, list) or not value:
        return [], [Problem("", 'must be a list such as [{"tokens_values": {"name": "value"}}] with at least one set')]
    sets: list[TokenSet] = []
    problems: list[Problem] = []
    for index, each in enumerate(value):
        at = f"[{index}]"
        given = each.get("tokens_values") if isinstance(each, dict) and set(each) == {"tokens_values"} else None
        if not isinstance(given, dict):
            problems.append(Problem(at, 'a token set must be {"tokens_values": {token: value}} and nothing else'))
            continue
        sets.append(_values(given, f"{at}.tokens_values", problems))
        if sets[0].keys() != sets[-1].keys():
            other = sorted(sets[0].keys() ^ sets[-1].keys())
            words = f"all sets must name the same tokens; this and the first differ in {', '.join(other)}"
            problems.append(Problem(at, words))
    return sets, problems


def read_separate_tokens(value: Any) -> tuple[list[TokenSet], list[Problem]]:
    """All combinations of separate_token_values_config.json: {token: [values]}."""
    if not isinstance(value, dict) or not value:
        return [], [Problem("", 'must be an object such as {"name": ["value 1", "value 2"]} with at least one token')]
    problems: list[Problem] = []
    for name, values in value.items():
        if not isinstance(values, list) or not values:
            problems.append(Problem(key_path("", name), f"must be a list with at least one value, not {shape(values)}"))
    if problems:
        return [], problems
    lists = [[_values({name: each}, "", problems)[name] for each in values] for name, values in value.items()]
    return [dict(zip(value, choice, strict=True)) for choice in product(*lists)], problems


def _values(given: dict[str, Any], path: str, problems: list[Problem]) -> TokenSet:
    for name, value in given.items():
        at = key_path(path, name)
        if not _WORD.fullmatch(name):
            problems.append(Problem(at, f"a token's name has letters, digits and _ only; {name!r} has others"))
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            problems.append(Problem(at, f"a token's value must be text or a number, not {shape(value)}"))
    return {name: value if isinstance(value, str) else str(value) for name, value in given.items()}


def combine(first: list[TokenSet], second: list[TokenSet]) -> tuple[list[TokenSet], list[Problem]]:
    """Every set of `first` with every set of `second`; a token that both give is a problem."""
    if not first or not second:
        return first or second, []
    twice = sorted(first[0].keys() & second[0].keys())
    if twice:
        words = f"{', '.join(twice)}: given in the token sets and in the separate values; remove one of the two"
        return [], [Problem("", words)]
    return [one | two for one, two in product(first, second)], []


def check_tokens(config: Any, sets: list[TokenSet]) -> list[Problem]:
    """Tokens without values, values without tokens, tokens where they may not stand."""
    problems: list[Problem] = []
    used: set[str] = set()
    names = sets[0].keys() if sets else set()

    def look(text: str, path: str) -> str:
        for inner in _ANY_BRACES.findall(text):
            name = inner.strip()
            attribute = _ATTRIBUTE.search(re.sub(r"\[\d+\]$", "", path))
            if attribute is None or attribute[1] not in TOKEN_ATTRIBUTES or ".validators" in path:
                allowed = ", ".join(sorted(TOKEN_ATTRIBUTES))
                problems.append(Problem(path, f"{{{{{name}}}}} may not stand here; tokens may stand in {allowed}"))
            elif not _WORD.fullmatch(name):
                problems.append(Problem(path, f"{{{{{name}}}}} is no token: a token is {{{{name}}}}, not a call"))
            elif name not in names:
                problems.append(Problem(path, f"token {name!r} has no value{suggestion(name, sorted(names))}"))
            used.add(name)
        if _is_html(path):
            for token in broken_tokens(text):
                words = "stands in the middle of a tag; put it into an attribute's quotation marks"
                problems.append(Problem(path, f"{token} {words}, or write &lt; for the sign <"))
        return text

    walk(config, "", look)
    unused = [name for name in names if name not in used]
    return problems + [Problem("", f"a value is given for token {name!r}, which is used nowhere") for name in unused]


def shown_as_text(config: Any, sets: list[TokenSet]) -> Iterator[Problem]:
    """Tokens of HTML whose values look like HTML themselves: people will read its signs."""
    names: dict[str, None] = {}
    walk(config, "", lambda text, path: names.update(dict.fromkeys(TOKEN.findall(text))) if _is_html(path) else None)
    for name in names:
        found = next(filter(None, (_MARKUP.search(values.get(name, "")) for values in sets)), None)
        if found:
            yield Problem("", f"token {name!r} has {found.group()!r} in a value: people read it as it stands; write "
                          "elements around {{" + name + "}}, or give the value as insertions/NAME.html")  # fmt: skip


def unlike(config: dict[str, Any], sets: list[TokenSet]) -> list[tuple[int, TokenSet]]:
    """(number, set) of the first of all sets whose items no check could tell apart: what people read may differ."""
    strict = sorted(_looked_at(config.get("form")))
    found: dict[Any, tuple[int, TokenSet]] = {}
    for number, values in enumerate(sets or [{}]):
        files = tuple(value for value in values.values() if value.startswith("insertions/"))
        empty = frozenset(name for name, value in values.items() if not value.strip())
        key = (files, tuple(values[name] for name in strict), empty)
        found.setdefault(key, (number, values))
    return list(found.values())


def _looked_at(part: Any) -> Iterator[str]:
    """The tokens of texts that are looked at: default values and options, but not where a field takes any text."""
    if isinstance(part, list):
        for each in part:
            yield from _looked_at(each)
    elif isinstance(part, dict):
        for key, each in part.items():
            if isinstance(each, str):
                free = key in _SHOWN or (key == "value" and part.get("type") in FREE_VALUES)
                yield from () if free else TOKEN.findall(each)
            else:
                yield from _looked_at(each)


def expand(
    config: dict[str, Any], sets: list[TokenSet], insertions: Insertions, problems: list[Problem]
) -> Iterator[Any]:
    """One item per token set, its values kept under metadata.tokens; without sets the one item as it is."""
    for values in sets or [{}]:
        texts = {name: insertions.text(value, f"token {name}", problems) for name, value in values.items()}
        item = walk(config, "", _filler(values, texts, insertions))
        if values:
            item["metadata"] = {**(item.get("metadata") or {}), "tokens": values}
        yield item


def _filler(values: TokenSet, texts: TokenSet, insertions: Insertions) -> Callable[[str, str], str]:
    """What puts one set of values into a text; in `texts` files stand in place of their names."""
    pages = {name: text for name, text in texts.items() if text is not values[name]}

    def put(text: str, path: str) -> str:
        if "{{" not in text:
            return text
        if _is_html(path):
            return fill(text, values, pages, insertions.serves)
        # a function, not a replacement string: values may hold backslashes; one pass: values may hold {{braces}}
        return TOKEN.sub(lambda found: texts[found[1]], text)

    return put


def _is_html(path: str) -> bool:
    """Whether the text at this JSON path of an item is HTML; all others are shown as they are."""
    keys = re.findall(r"[A-Za-z_]+", path)
    return keys[:1] == ["form"] and keys[-1] in HTML_ATTRIBUTES and not NOT_HTML.intersection(keys)
